// Sends a short story, or the identify and track calls that the third argument has as JSON, with Segment's
// Java SDK as its registry gives it; the host is the only thing that is Kinfold's.
import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.AliasMessage;
import com.segment.analytics.messages.GroupMessage;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.Message;
import com.segment.analytics.messages.MessageBuilder;
import com.segment.analytics.messages.PageMessage;
import com.segment.analytics.messages.ScreenMessage;
import com.segment.analytics.messages.TrackMessage;
import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

public class Segment {
    public static void main(String[] arguments) throws Exception {
        JsonArray calls = arguments.length > 2 ? new Gson().fromJson(arguments[2], JsonArray.class) : null;
        CountDownLatch told = new CountDownLatch(calls == null ? 6 : calls.size());
        Analytics analytics = Analytics.builder(arguments[1]).endpoint(arguments[0]).callback(new Callback() {
            @Override public void success(Message message) {
                told.countDown();
            }

            @Override public void failure(Message message, Throwable error) {
                System.err.println("error " + error.getMessage());
                told.countDown();
            }
        }).build();
        if (calls == null) {
            tellTheStory(analytics);
        } else {
            for (JsonElement call : calls) {
                analytics.enqueue(read(call.getAsJsonArray()));
            }
        }
        analytics.flush();
        if (!told.await(90, TimeUnit.SECONDS)) {
            System.err.println("error not told whether it arrived");
        }
        analytics.shutdown();
    }
    private static void tellTheStory(Analytics analytics) {
        analytics.enqueue(PageMessage.builder("Home").anonymousId("browser-1")
            .properties(Map.of("url", "https://shop.example/")));
        analytics.enqueue(IdentifyMessage.builder().anonymousId("browser-1").userId("42")
            .traits(Map.of("email", "ana@example.com", "plan", "pro")));
        analytics.enqueue(TrackMessage.builder("Order Completed").userId("42")
            .properties(Map.of("revenue", 39.9, "products", List.of(Map.of("sku", "a"), Map.of("sku", "b")))));
        analytics.enqueue(ScreenMessage.builder("Basket").anonymousId("phone-1")
            .context(Map.of("device", Map.of("token", "push-1"))));
        analytics.enqueue(GroupMessage.builder("acme").userId("42").traits(Map.of("employees", 7)));
        analytics.enqueue(AliasMessage.builder("phone-1").userId("42"));
    }

    private static MessageBuilder read(JsonArray call) {
        JsonObject said = call.get(1).getAsJsonObject();
        MessageBuilder message = call.get(0).getAsString().equals("identify")
            ? IdentifyMessage.builder().traits(new Gson().fromJson(said.get("traits"), Map.class))
            : TrackMessage.builder(said.get("event").getAsString());
        if (said.has("userId")) {
            message.userId(said.get("userId").getAsString());
        }
        return message.anonymousId(said.get("anonymousId").getAsString());
    }
}

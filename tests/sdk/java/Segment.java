// Sends a short story with Segment's Java SDK as its registry gives it; the host is the only thing that is Kinfold's.
import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.AliasMessage;
import com.segment.analytics.messages.GroupMessage;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.Message;
import com.segment.analytics.messages.PageMessage;
import com.segment.analytics.messages.ScreenMessage;
import com.segment.analytics.messages.TrackMessage;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

public class Segment {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch told = new CountDownLatch(6);
        Analytics analytics = Analytics.builder(arguments[1]).endpoint(arguments[0]).callback(new Callback() {
            @Override public void success(Message message) {
                told.countDown();
            }

            @Override public void failure(Message message, Throwable error) {
                System.err.println("error " + error.getMessage());
                told.countDown();
            }
        }).build();
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
        analytics.flush();
        if (!told.await(90, TimeUnit.SECONDS)) {
            System.err.println("error not told whether it arrived");
        }
        analytics.shutdown();
    }
}

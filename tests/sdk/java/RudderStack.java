// Sends a short story with RudderStack's Java SDK as its registry gives it; the host is the only thing that is Kinfold's.
import com.rudderstack.sdk.java.analytics.RudderAnalytics;
import com.rudderstack.sdk.java.analytics.Callback;
import com.rudderstack.sdk.java.analytics.messages.AliasMessage;
import com.rudderstack.sdk.java.analytics.messages.GroupMessage;
import com.rudderstack.sdk.java.analytics.messages.IdentifyMessage;
import com.rudderstack.sdk.java.analytics.messages.Message;
import com.rudderstack.sdk.java.analytics.messages.PageMessage;
import com.rudderstack.sdk.java.analytics.messages.ScreenMessage;
import com.rudderstack.sdk.java.analytics.messages.TrackMessage;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

public class RudderStack {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch told = new CountDownLatch(6);
        RudderAnalytics analytics = RudderAnalytics.builder(arguments[1]).setDataPlaneUrl(arguments[0]).callback(new Callback() {
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

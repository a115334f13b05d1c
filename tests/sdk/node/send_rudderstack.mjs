// Tells a story with RudderStack's Node SDK as its registry gives it; the host is the only thing that is Kinfold's.
import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { host, tell, writeKey } from "./story.mjs";

const failed = (error) => console.error("error", error.response?.status ?? error.code, String(error.message ?? ""));
const analytics = new RudderAnalytics(writeKey, { dataPlaneUrl: host, errorHandler: failed });
tell(analytics);
await analytics.flush();

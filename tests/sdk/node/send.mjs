// Tells a story with Segment's Node SDK as its registry gives it; the host is the only thing that is Kinfold's.
import { Analytics } from "@segment/analytics-node";
import { host, tell, writeKey } from "./story.mjs";

const analytics = new Analytics({ writeKey, host });
analytics.on("error", (error) => console.error("error", error.code, String(error.reason ?? "")));
tell(analytics);
await analytics.closeAndFlush();

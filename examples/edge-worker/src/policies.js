/** The policies that this worker has: a line for each document. They are text, so that their digests are right. */

import edgeAgent from "../policies/edge-agent.soe.json";

export default [edgeAgent];

import { writeStdout } from "../diagnostics/mod.ts";
import { hostPlatform } from "../image/mod.ts";

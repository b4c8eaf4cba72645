/** The recycle bin: only the selection needs a script. */

import { selection } from "./runs/select.js";

selection();

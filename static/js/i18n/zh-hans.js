import { install } from "../i18n.js";

install({
  "Can’t reach the server. Is it running?": "无法连接服务器。它在运行吗？"
});

import { install } from "../i18n.js";

install({
  "Can’t reach the server. Is it running?": "无法连接服务器。它在运行吗？",
  "Out of date. Retrying…": "内容已过期，正在重试…",
  "no {key}": "无 {key}",
  "{n} runs over {keys}. The values are in the tables above.": "{n} 个运行，坐标轴为 {keys}。数值见上方表格。",
  "{y} by {x}, {n} runs. The values are in the tables above.": "{y} 随 {x} 的变化，{n} 个运行。数值见上方表格。"
});

/** Filters, pages and orders of the list keep the charts as they are in the address, which changes without the server. */

import { SETTING_PARAMETERS } from "../run/settings_address.js";
import { CHOICE_PARAMETERS } from "./address.js";

const CARRIED = [...CHOICE_PARAMETERS, ...SETTING_PARAMETERS, "board"];

/** Add the parameters of the charts to each request of htmx. */
export function carryCharts() {
  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get") return;
    const now = new URLSearchParams(location.search);
    const [path, search] = detail.path.split("?");
    const query = new URLSearchParams(search);
    for (const name of CARRIED) {
      query.delete(name);
      detail.parameters.delete?.(name);
      if (!detail.parameters.delete) delete detail.parameters[name];
      for (const value of now.getAll(name)) query.append(name, value);
    }
    detail.path = `${path}?${query}`;
  });
}

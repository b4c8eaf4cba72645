/** Parameters of addresses. */

/** Return a query with other values of parameters, or "" if none is left: empty values remove one, lists repeat it. */
export function withParameters(search, changes) {
  const query = new URLSearchParams(search);
  for (const [name, values] of Object.entries(changes)) {
    query.delete(name);
    for (const value of [values].flat()) if (value) query.append(name, value);
  }
  return query.size ? `?${query}` : "";
}

/** Change parameters of the page's own address, without a step of the Back button. */
export function setParameters(changes) {
  history.replaceState(history.state, "", location.pathname + withParameters(location.search, changes));
}

/* Not a module: it runs before the first paint, so that what needs a script does not appear late. */
document.documentElement.classList.add("scripted");

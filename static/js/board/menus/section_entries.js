/** Entries of the menu of a section. */

import { gettext } from "../../i18n.js";
import { changeSection, moveSection, removeSection } from "../arrange/section_changes.js";
import { titleOf } from "../cells.js";
import { askName } from "./dialogs.js";

export function sectionEntries(menus, key) {
  const { sections } = menus.board.arranged;
  const section = sections.find((other) => other.key === key);
  const fixed = section.kind === "pinned" || section.kind === "hidden";
  const movable = sections.filter(({ kind }) => kind !== "pinned" && kind !== "hidden").map((other) => other.key);
  const place = movable.indexOf(key);
  const rename = async () => {
    const title = await askName(gettext("Rename section"), gettext("Rename"), titleOf(section));
    if (title) menus.apply(changeSection, key, { title });
  };
  return [
    { label: gettext("Move section up"), disabled: place <= 0, action: () => menus.apply(moveSection, key, -1) },
    { label: gettext("Move section down"), disabled: fixed || place === movable.length - 1, action: () => menus.apply(moveSection, key, 1) },
    { label: gettext("Rename…"), disabled: fixed, action: rename },
    { label: gettext("Add text…"), disabled: fixed, action: () => menus.addText(key) },
    { label: gettext("Add chart…"), disabled: fixed, action: () => menus.addChart(key) },
    null,
    { label: gettext("Remove section"), disabled: section.index < 0, action: () => menus.board.change(removeSection(menus.board.file.board, section.index)) },
  ];
}

// The input of an element, as in `state.values` or `initial_…`.

const INITIAL = {
  users_select: "initial_user", conversations_select: "initial_conversation", channels_select: "initial_channel",
  multi_users_select: "initial_users", multi_conversations_select: "initial_conversations", multi_channels_select: "initial_channels",
  datepicker: "initial_date", timepicker: "initial_time", datetimepicker: "initial_date_time",
};

/** Returns {value, shown} of an element, from an entry of `state.values` or its initial value. */
export function heldIn(element, entry) {
  if (!entry) return initial(element);
  const [key] = Object.keys(entry).filter((name) => name !== "type");
  if (key === "selected_option" || key === "selected_options") return ofOptions(entry[key]);
  return { value: entry[key] ?? null, shown: null };
}

function initial(element) {
  if (element.initial_option || element.initial_options) return ofOptions(element.initial_option ?? element.initial_options);
  return { value: element[INITIAL[element.type] ?? "initial_value"] ?? null, shown: null };
}

function ofOptions(chosen) {
  if (Array.isArray(chosen)) return { value: chosen.map((one) => one.value), shown: chosen.map((one) => one.text.text) };
  return { value: chosen?.value ?? null, shown: chosen?.text.text ?? null };
}

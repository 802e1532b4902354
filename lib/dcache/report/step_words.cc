#include "dcache/report/step_words.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/report/style.h"

namespace dcache::report {

std::string step_words(const plan::Step& step, size_t width) {
  return step_words(step.one_line(), step.trigger, width);
}

std::string step_words(std::string_view instruction, const std::optional<plan::TriggerPlace>& trigger,
                       size_t width) {
  if (!trigger) return shortened_step(instruction, width);
  const std::string place = printable(fmt::format(" ({}:{})", trigger->dockerfile, trigger->line));
  constexpr size_t kLeast = 20;
  return shortened_step(instruction, std::max(kLeast, width - std::min(width, place.size()))) + place;
}

void write_trigger(const std::optional<plan::TriggerPlace>& trigger, text::JsonWriter& json) {
  if (!trigger) return;
  json.key("trigger")
      .begin_object()
      .member("dockerfile", trigger->dockerfile)
      .member("line", trigger->line)
      .end_object();
}

}  // namespace dcache::report

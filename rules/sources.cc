#include "rules/sources.h"

#include <charconv>

#include "dcache/text/unicode.h"

namespace dcache::rules {

std::optional<size_t> find_stage(const std::vector<WrittenStage>& stages, size_t count,
                                 std::string_view name_or_number) {
  size_t number = 0;
  const char* const end = name_or_number.data() + name_or_number.size();
  const auto [stop, failure] = std::from_chars(name_or_number.data(), end, number);
  if (failure == std::errc() && stop == end) {
    // What stands above the first FROM is no stage that has a number.
    if (count > 0 && stages.front().from == nullptr) ++number;
    return number < count ? std::optional(number) : std::nullopt;
  }
  for (size_t i = count; i-- > 0;) {
    const bool same = text::equals_ignoring_case(stages[i].name, name_or_number);
    if (same && !name_or_number.empty()) return i;
  }
  return std::nullopt;
}

std::string_view base_image_of(lint::Subject& subject, size_t stage) {
  const std::vector<WrittenStage>& stages = written_stages(subject);
  while (stages[stage].base)
    stage = *stages[stage].base;
  const dockerfile::Instruction* from = stages[stage].from;
  if (from == nullptr || from->arguments.empty()) return {};
  return subject.graph().text_of(from->arguments.front());
}

}  // namespace dcache::rules

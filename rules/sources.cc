#include "rules/sources.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "dcache/text/unicode.h"

namespace dcache::rules {

std::optional<size_t> find_stage(const std::vector<WrittenStage>& stages, size_t count,
                                 std::string_view name_or_number) {
  size_t number = 0;
  const char* const end = name_or_number.data() + name_or_number.size();
  const auto [stop, failure] = std::from_chars(name_or_number.data(), end, number);
  if (failure == std::errc() && stop == end) {
    // What is above the first FROM is not a stage that has a number.
    if (count > 0 && stages.front().from == nullptr) ++number;
    return number < count ? std::optional(number) : std::nullopt;
  }
  for (size_t i = count; i-- > 0;) {
    const bool same = text::equals_ignoring_case(stages[i].name, name_or_number);
    if (same && !name_or_number.empty()) return i;
  }
  return std::nullopt;
}

namespace {

// The parts of a text around its variables: "a-" and "" of `a-$B`.
std::vector<std::string> parts_around_variables(std::string_view text) {
  std::vector<std::string> parts(1);
  const auto ends_name = [](char c) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return !letter;
  };
  while (!text.empty()) {
    const size_t dollar = std::min(text.find('$'), text.size());
    parts.back() += text::to_lower(text.substr(0, dollar));
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    const bool braced = text.starts_with('{');
    const auto end = braced ? std::ranges::find(text, '}') : std::ranges::find_if(text, ends_name);
    text.remove_prefix(static_cast<size_t>(end - text.begin()));
    if (braced && !text.empty()) text.remove_prefix(1);
    parts.emplace_back();
  }
  return parts;
}

// Whether a name in lower case may be those parts with anything between them.
bool may_be(const std::vector<std::string>& parts, std::string_view name) {
  if (!name.starts_with(parts.front())) return false;
  size_t at = parts.front().size();
  for (size_t i = 1; i + 1 < parts.size(); ++i) {
    at = name.find(parts[i], at);
    if (at == std::string_view::npos) return false;
    at += parts[i].size();
  }
  return name.substr(at).ends_with(parts.back());
}

}  // namespace

std::string_view image_of(lint::Dockerfile& dockerfile, const dockerfile::Instruction& from) {
  if (from.arguments.empty()) return {};
  const std::string_view name = dockerfile.graph().text_of(from.arguments.front());
  if (!is_named_context(dockerfile, name)) return name;
  std::string_view meaning = dockerfile.image()->build.plan.named_contexts.find(name)->second;
  if (!meaning.starts_with(plan::kImageScheme)) return {};  // a folder
  meaning.remove_prefix(plan::kImageScheme.size());
  return meaning.starts_with(project::kTargetScheme) ? std::string_view() : meaning;
}

std::vector<size_t> possible_bases(lint::Dockerfile& dockerfile, size_t stage) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  if (stages[stage].base) return {*stages[stage].base};
  const dockerfile::Instruction* const from = stages[stage].from;
  std::vector<size_t> bases;
  if (from == nullptr || from->arguments.empty()) return bases;
  const dockerfile::Word& word = from->arguments.front();
  const std::vector<std::string> parts = parts_around_variables(word.text);
  if (parts.size() == 1) return bases;
  const bool may_be_anything = std::ranges::all_of(parts, &std::string::empty);
  const std::string_view by_default = dockerfile.graph().text_of(word);
  for (size_t i = 0; i < stage; ++i) {
    if (stages[i].name.empty()) continue;
    const bool named = may_be_anything ? text::equals_ignoring_case(stages[i].name, by_default)
                                       : may_be(parts, text::to_lower(stages[i].name));
    if (named) bases.push_back(i);
  }
  return bases;
}

std::string_view base_image_of(lint::Dockerfile& dockerfile, size_t stage) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  while (stages[stage].base)
    stage = *stages[stage].base;
  const dockerfile::Instruction* from = stages[stage].from;
  return from == nullptr ? std::string_view() : image_of(dockerfile, *from);
}

}  // namespace dcache::rules

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules::DC4009 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// Whether a text may expand the variable.
bool mentions(std::string_view text, std::string_view name) {
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    const std::string_view rest = text.substr(at + (text.substr(at + 1).starts_with('{') ? 2 : 1));
    if (rest.starts_with(name)) return true;
  }
  return false;
}

// The keys of one stage that nothing has used since they were set.
class UnusedKeys {
 public:
  explicit UnusedKeys(lint::Reporter& reporter) : reporter_(reporter) {}

  void pass(const Instruction& instruction) {
    const bool env = instruction.keyword == Keyword::kEnv;
    const bool label = instruction.keyword == Keyword::kLabel;
    if (!env && instruction.keyword != Keyword::kLabel && !keeps_variables(instruction)) {
      variables_.clear();
      return;
    }
    if (!variables_.empty()) {
      std::erase_if(variables_, [&](const auto& one) { return mentions(instruction.rest, one.first); });
    }
    if (!env && !label) return;
    auto& keys = env ? variables_ : labels_;
    for (size_t i = 0; i + 1 < instruction.arguments.size(); i += 2)
      set(keys, instruction.arguments[i], instruction);
  }

 private:
  using Keys = std::map<std::string_view, const dockerfile::Word*>;

  // Instructions that see no variables but those that they expand.
  static bool keeps_variables(const Instruction& instruction) {
    constexpr Keyword kOthers[] = {Keyword::kExpose, Keyword::kUser,  Keyword::kVolume,
                                   Keyword::kCopy,   Keyword::kAdd,   Keyword::kWorkdir,
                                   Keyword::kArg,    Keyword::kLabel, Keyword::kStopsignal};
    return std::ranges::find(kOthers, instruction.keyword) != std::end(kOthers);
  }

  void set(Keys& keys, const dockerfile::Word& word, const Instruction& instruction) {
    const std::string_view key = unquoted(word.text);
    if (key.find('$') != std::string_view::npos) return;
    const dockerfile::Word*& earlier = keys[key];
    if (earlier != nullptr) {
      auto& finding = reporter_.report(
          instruction.span, fmt::format("{} is set again, so the value that it has above is never used", key),
          "remove one of the two");
      finding.focus = word.span;
    }
    earlier = &word;
  }

  lint::Reporter& reporter_;
  Keys variables_;
  Keys labels_;
};

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const auto is_key = [](const Instruction& one) {
    return one.keyword == Keyword::kEnv || one.keyword == Keyword::kLabel;
  };
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    // One key is set once.
    const Instruction* first = nullptr;
    size_t keys = 0;
    for (const Instruction& instruction : stage.body) {
      if (!is_key(instruction)) continue;
      keys += instruction.arguments.size() / 2;
      if (first == nullptr) first = &instruction;
    }
    if (keys < 2) continue;
    UnusedKeys unused(reporter);
    for (const Instruction& instruction : stage.body) {
      if (&instruction >= first) unused.pass(instruction);
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#env"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC4009",
          .name = "repeated-key",
          .level = lint::Level::kInfo,
          .summary = "A variable of ENV or a key of LABEL is set twice, and the first value is not used",
          .rationale =
              "The later value replaces the earlier one. If no step between the two can see the first value, "
              "it has no effect, and one of the two is a mistake: often a copied line whose name was not "
              "changed.",
          .bad = {"FROM debian:12\n"
                  "ENV CACHE_DIR=/cache\n"
                  "ENV CACHE_DIR=/data\n"},
          .good = {"FROM debian:12\n"
                   "ENV CACHE_DIR=/cache\n"
                   "ENV DATA_DIR=/data\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC4009

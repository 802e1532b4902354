#include "dcache/lint/fix_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "dcache/dockerfile/keyword.h"

namespace dcache::lint {
namespace {

using dockerfile::File;
using dockerfile::Instruction;

constexpr size_t kMostShown = 40;  // bytes of an instruction

// The edits of several fixes in the order of the text.
class Edits {
 public:
  explicit Edits(std::span<const Fix* const> fixes) {
    for (const Fix* fix : fixes) {
      for (const text::Edit& edit : fix->edits)
        edits_.push_back(&edit);
    }
    std::ranges::stable_sort(
        edits_, {}, [](const text::Edit* edit) { return std::pair(edit->span.begin, edit->span.end); });
    shifts_.push_back(0);
    for (const text::Edit* edit : edits_)
      shifts_.push_back(shifts_.back() + static_cast<int64_t>(edit->replacement.size()) - edit->span.size());
  }

  // Where the byte at `offset` goes: after what is inserted there, and to the start of what replaces it.
  uint32_t moved(uint32_t offset) const {
    const size_t count = starting_up_to(offset);
    // They overlap nowhere, so that only the last can go on after the byte.
    const bool replaced = count > 0 && edits_[count - 1]->span.end > offset;
    if (replaced) return static_cast<uint32_t>(edits_[count - 1]->span.begin + shifts_[count - 1]);
    return static_cast<uint32_t>(offset + shifts_[count]);
  }

  // Whether one changes the text of the span, or adds to its end.
  bool touch(text::Span span) const {
    size_t at = starting_up_to(span.begin);
    if (at > 0 && edits_[at - 1]->span.end > span.begin) return true;
    for (; at < edits_.size() && edits_[at]->span.begin <= span.end; ++at) {
      const text::Edit& edit = *edits_[at];
      if (edit.span.begin < span.end) return true;
      if (edit.span.empty() && !starts_line(edit.replacement)) return true;
    }
    return false;
  }

 private:
  static bool starts_line(std::string_view text) {
    return text.starts_with('\n') || text.starts_with("\r\n");
  }

  // How many begin there or before it.
  size_t starting_up_to(uint32_t offset) const {
    const auto begin = [](const text::Edit* edit) { return edit->span.begin; };
    return static_cast<size_t>(std::ranges::upper_bound(edits_, offset, {}, begin) - edits_.begin());
  }

  std::vector<const text::Edit*> edits_;
  std::vector<int64_t> shifts_;  // of what is after so many of them
};

std::string_view text_of_instruction(const File& file, const Instruction& instruction) {
  return instruction.span.of(file.source());
}

std::string described(const File& file, const Instruction& instruction) {
  std::string text = instruction.one_line();
  if (text.size() > kMostShown) text = text.substr(0, kMostShown) + "…";
  return fmt::format("line {} ({})", file.lines().line_of(instruction.span.begin), text);
}

std::map<std::string_view, int> count_comments(const File& file) {
  std::map<std::string_view, int> counts;
  for (const dockerfile::Comment& comment : file.comments())
    ++counts[comment.span.of(file.source())];
  return counts;
}

std::optional<std::string> lost_around_instructions(const File& before, const File& after) {
  for (const dockerfile::Directive& directive : before.directives()) {
    if (after.directive(directive.name) != directive.value)
      return fmt::format("the directive {} would be lost", directive.name);
  }
  const auto left = count_comments(after);
  for (const auto& [comment, count] : count_comments(before)) {
    const auto found = left.find(comment);
    if (found == left.end() || found->second < count)
      return fmt::format("the comment '{}' would be lost", comment);
  }
  return std::nullopt;
}

class Comparison {
 public:
  Comparison(const File& before, std::span<const Fix* const> fixes, const File& after)
      : before_(before), after_(after), edits_(fixes) {
    for (const Fix* fix : fixes) {
      removed_.insert(fix->removed.begin(), fix->removed.end());
      added_.insert(added_.end(), fix->added.begin(), fix->added.end());
    }
    for (const Instruction& instruction : after.instructions())
      by_place_.emplace(instruction.span.begin, &instruction);
  }

  std::optional<std::string> run() {
    for (const Instruction& instruction : before_.instructions()) {
      if (removed_.contains(instruction.span.begin)) continue;
      if (auto effect = follow(instruction)) return effect;
    }
    return account_for_rest();
  }

 private:
  std::optional<std::string> follow(const Instruction& instruction) {
    const auto found = by_place_.find(edits_.moved(instruction.span.begin));
    if (found == by_place_.end()) return described(before_, instruction) + " would be lost";
    const Instruction& now = *found->second;
    by_place_.erase(found);
    const bool touched = edits_.touch(instruction.span);
    if (now.keyword != instruction.keyword ||
        (!touched && text_of_instruction(after_, now) != text_of_instruction(before_, instruction)))
      return fmt::format("{} would become '{}'", described(before_, instruction), now.one_line());
    return std::nullopt;
  }

  // What has no counterpart is what the fixes bring.
  std::optional<std::string> account_for_rest() {
    for (const auto& [place, instruction] : by_place_) {
      const auto declared = std::ranges::find(added_, text_of_instruction(after_, *instruction));
      if (declared == added_.end()) return described(after_, *instruction) + " would be new";
      added_.erase(declared);
    }
    if (added_.empty()) return std::nullopt;
    return fmt::format("'{}' would be missing", added_.front());
  }

  const File& before_;
  const File& after_;
  Edits edits_;
  std::set<uint32_t> removed_;
  std::vector<std::string> added_;
  std::map<uint32_t, const Instruction*> by_place_;  // those of `after` that nothing accounts for yet
};

}  // namespace

std::optional<std::string> undeclared_effect(const File& before, std::span<const Fix* const> fixes,
                                             const File& after) {
  if (after.errors().size() > before.errors().size())
    return fmt::format("builders would refuse the file: {}", after.errors().front().message);
  if (auto lost = lost_around_instructions(before, after)) return lost;
  return Comparison(before, fixes, after).run();
}

}  // namespace dcache::lint

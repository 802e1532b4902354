#include "dcache/lsp/navigation.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "dcache/dockerfile/expand.h"
#include "dcache/report/style.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using dockerfile::Flag;
using dockerfile::Instruction;
using dockerfile::Keyword;
using dockerfile::Word;
using nlohmann::json;
using text::Span;

// SymbolKind of the protocol.
enum class Symbol : uint8_t { kFile = 1, kNamespace = 3, kProperty = 7, kFunction = 12, kVariable = 13 };

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

Span span_from(uint32_t begin, size_t size) {
  return {begin, begin + static_cast<uint32_t>(size)};
}

// Gathers the occurrences of one file.
class Finder {
 public:
  explicit Finder(const editor::Workspace::Parsed& parsed) : parsed_(parsed), source_(parsed.file.source()) {}

  std::vector<Occurrence> run() {
    for (const Instruction& instruction : parsed_.file.instructions()) {
      if (instruction.keyword == Keyword::kFrom) {
        stage_ = above_stages_ ? 0 : stage_ + 1;
        above_stages_ = false;
        visit_from(instruction);
      }
      visit(instruction);
    }
    drop_foreign_variables();
    std::ranges::stable_sort(found_, {}, [](const Occurrence& one) { return one.span.begin; });
    return std::move(found_);
  }

 private:
  void add(Occurrence::Kind kind, std::string name, Span span, bool defines = false, bool has_value = true) {
    // ARG above the first FROM belongs to no stage, and what FROM itself expands is theirs too.
    found_.push_back({kind, std::move(name), span, defines, has_value, stage_, above_stages_});
  }

  void visit_from(const Instruction& from) {
    if (!from.arguments.empty()) refer_to_stage(from.arguments.front().text, from.arguments.front().span);
    if (from.arguments.size() == 3) {
      const Word& name = from.arguments.back();
      add(Occurrence::Kind::kStage, text::to_lower(name.text), name.span, true);
    } else if (stage_ < parsed_.graph.stages.size()) {
      add(Occurrence::Kind::kStage, parsed_.graph.stages[stage_].label(), from.name_span, true);
    }
  }

  // A name or number, if there is such a stage.
  void refer_to_stage(std::string_view name, Span span) {
    const plan::Stage* stage = parsed_.graph.find_stage(name);
    if (stage != nullptr) add(Occurrence::Kind::kStage, stage->label(), span);
  }

  void visit(const Instruction& instruction) {
    for (const Flag& flag : instruction.flags) {
      if (flag.name == "from") refer_to_stage(flag.value, tail_of(flag.span, flag.value));
      if (flag.name == "mount") visit_mount(flag);
    }
    if (instruction.keyword == Keyword::kArg || instruction.keyword == Keyword::kEnv)
      visit_settings(instruction);
    // A shell expands the variables of RUN, with what ENV and ARG give it.
    if (dockerfile::expands_variables(instruction.keyword) || instruction.keyword == Keyword::kRun ||
        instruction.keyword == Keyword::kCmd || instruction.keyword == Keyword::kEntrypoint)
      visit_variables(Span{instruction.name_span.end, instruction.span.end}, instruction);
    if (instruction.onbuild != nullptr) visit(*instruction.onbuild);
  }

  // Where the value is at the end of a flag, if nothing in it is quoted.
  Span tail_of(Span flag, std::string_view value) const {
    const std::string_view text = flag.of(source_);
    return text.ends_with(value) ? Span{flag.end - static_cast<uint32_t>(value.size()), flag.end} : flag;
  }

  void visit_mount(const Flag& flag) {
    constexpr std::string_view kKey = "from=";
    const std::string_view text = flag.span.of(source_);
    for (size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
      if (at == 0 || (text[at - 1] != ',' && text[at - 1] != '=')) continue;
      const size_t begin = at + kKey.size();
      const std::string_view name = text.substr(begin, text.find_first_of(",\"", begin) - begin);
      refer_to_stage(name, span_from(flag.span.begin + static_cast<uint32_t>(begin), name.size()));
    }
  }

  void visit_settings(const Instruction& instruction) {
    if (instruction.keyword == Keyword::kEnv) {
      for (size_t i = 0; i < instruction.arguments.size(); i += 2) {
        const Word& name = instruction.arguments[i];
        add(Occurrence::Kind::kVariable, std::string(name.text), name.span, true);
      }
      return;
    }
    for (const Word& word : instruction.arguments) {
      const size_t equals = word.text.find('=');
      const std::string_view name = word.text.substr(0, equals);
      add(Occurrence::Kind::kVariable, std::string(name), span_from(word.span.begin, name.size()), true,
          equals != std::string_view::npos);
    }
  }

  // $name and ${name…} in a stretch of the source.
  void visit_variables(Span span, const Instruction& instruction) {
    for (uint32_t at = span.begin; at + 1 < span.end; ++at) {
      if (source_[at] == parsed_.file.escape()) {
        ++at;
        continue;
      }
      if (source_[at] != '$' || is_literal(at, instruction)) continue;
      uint32_t begin = at + 1;
      if (source_[begin] == '{') ++begin;
      if (begin >= span.end || !is_name_start(source_[begin])) continue;
      uint32_t end = begin;
      while (end < span.end && is_name_part(source_[end]))
        ++end;
      add(Occurrence::Kind::kVariable, std::string(Span{begin, end}.of(source_)), {begin, end});
      at = end - 1;
    }
  }

  // Whether it is in a heredoc that nothing is expanded in, or in a comment between continuation lines. A
  // heredoc that is the whole script of a RUN is what the shell reads, however its delimiter is written.
  bool is_literal(uint32_t offset, const Instruction& instruction) const {
    const bool script = instruction.keyword == Keyword::kRun && instruction.rest.starts_with("<<");
    const bool in_heredoc =
        !script && std::ranges::any_of(instruction.heredocs, [&](const dockerfile::Heredoc& heredoc) {
          return heredoc.body.contains(offset) && !heredoc.expand;
        });
    return in_heredoc ||
           std::ranges::any_of(parsed_.file.comments(), [&](const dockerfile::Comment& comment) {
             return comment.span.contains(offset);
           });
  }

  // A shell has variables of its own: only those count that something here defines.
  void drop_foreign_variables() {
    std::vector<std::string> defined;
    for (const Occurrence& one : found_) {
      if (one.kind == Occurrence::Kind::kVariable && one.defines) defined.push_back(one.name);
    }
    std::ranges::sort(defined);
    std::erase_if(found_, [&](const Occurrence& one) {
      return one.kind == Occurrence::Kind::kVariable && !std::ranges::binary_search(defined, one.name);
    });
  }

  const editor::Workspace::Parsed& parsed_;
  std::string_view source_;
  std::vector<Occurrence> found_;
  size_t stage_ = 0;
  bool above_stages_ = true;
};

const Occurrence* find_at(const std::vector<Occurrence>& all, uint32_t offset) {
  // The end counts too: that is where a cursor is after a name.
  const auto found = std::ranges::find_if(
      all, [&](const Occurrence& one) { return one.span.begin <= offset && offset <= one.span.end; });
  return found == all.end() ? nullptr : &*found;
}

bool same(const Occurrence& a, const Occurrence& b) {
  return a.kind == b.kind && a.name == b.name;
}

// The definition that a variable has where it is used: in its stage, in one that this starts from, or above
// the first FROM.
std::vector<Span> definitions_of_variable(const plan::Graph& graph, const std::vector<Occurrence>& all,
                                          const Occurrence& used) {
  const auto last_in = [&](size_t stage, bool above_stages) -> const Occurrence* {
    const Occurrence* last = nullptr;
    for (const Occurrence& one : all) {
      if (one.defines && same(one, used) && one.above_stages == above_stages &&
          (above_stages || one.stage == stage) && one.span.begin <= used.span.begin)
        last = &one;
    }
    return last;
  };
  std::vector<Span> spans;
  const Occurrence* above = last_in(0, true);
  if (!used.above_stages) {
    std::optional<size_t> stage = used.stage;
    while (stage && *stage < graph.stages.size()) {
      if (const Occurrence* found = last_in(*stage, false)) {
        spans.push_back(found->span);
        if (found->has_value) return spans;
        break;
      }
      stage = graph.stages[*stage].base_stage;
    }
  }
  if (above != nullptr) spans.push_back(above->span);
  return spans;
}

Symbol symbol_of(Keyword keyword) {
  switch (keyword) {
    case Keyword::kRun:
      return Symbol::kFunction;
    case Keyword::kCopy:
    case Keyword::kAdd:
      return Symbol::kFile;
    case Keyword::kArg:
    case Keyword::kEnv:
      return Symbol::kVariable;
    default:
      return Symbol::kProperty;
  }
}

json symbol(std::string name, Symbol kind, Span whole, Span selected, const Positions& positions) {
  return {{"name", std::move(name)},
          {"kind", static_cast<int>(kind)},
          {"range", positions.range_of(whole)},
          {"selectionRange", positions.range_of(selected)}};
}

// Not longer than a line of an outline.
std::string label_of(const Instruction& instruction) {
  constexpr size_t kLongest = 80;
  return report::shortened(instruction.one_line(), kLongest);
}

}  // namespace

std::vector<Occurrence> occurrences(const editor::Workspace::Parsed& parsed) {
  return Finder(parsed).run();
}

std::optional<Occurrence> occurrence_at(const editor::Workspace::Parsed& parsed, uint32_t offset) {
  const std::vector<Occurrence> all = occurrences(parsed);
  const Occurrence* found = find_at(all, offset);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::vector<Occurrence> same_occurrences(const editor::Workspace::Parsed& parsed, uint32_t offset) {
  std::vector<Occurrence> all = occurrences(parsed);
  const Occurrence* found = find_at(all, offset);
  if (found == nullptr) return {};
  const Occurrence meant = *found;
  std::erase_if(all, [&](const Occurrence& one) { return !same(one, meant); });
  return all;
}

Span name_at(std::string_view source, uint32_t offset) {
  uint32_t begin = offset;
  while (begin > 0 && is_name_part(source[begin - 1]))
    --begin;
  uint32_t end = offset;
  while (end < source.size() && is_name_part(source[end]))
    ++end;
  return {begin, end};
}

std::optional<size_t> stage_at(const editor::Workspace::Parsed& parsed, uint32_t offset) {
  std::optional<size_t> stage;
  for (const Instruction& instruction : parsed.file.instructions()) {
    if (instruction.keyword != Keyword::kFrom || instruction.span.begin > offset) continue;
    stage = stage ? *stage + 1 : 0;
  }
  return stage;
}

json document_symbols(const editor::Workspace::Parsed& parsed, const Positions& positions) {
  json top = json::array();
  const auto& instructions = parsed.file.instructions();
  for (size_t i = 0; i < instructions.size(); ++i) {
    const Instruction& one = instructions[i];
    if (one.keyword != Keyword::kFrom) {
      json entry = symbol(label_of(one), symbol_of(one.keyword), one.span, one.name_span, positions);
      const bool in_stage = !top.empty() && top.back().contains("children");
      (in_stage ? top.back()["children"] : top).push_back(std::move(entry));
      continue;
    }
    size_t last = i;
    while (last + 1 < instructions.size() && instructions[last + 1].keyword != Keyword::kFrom)
      ++last;
    json stage = symbol(label_of(one), Symbol::kNamespace, {one.span.begin, instructions[last].span.end},
                        one.name_span, positions);
    stage["children"] = json::array();
    top.push_back(std::move(stage));
  }
  return top;
}

json folding_ranges(const editor::Workspace::Parsed& parsed, const Positions& positions) {
  json ranges = json::array();
  const auto add = [&](Span span) {
    const uint32_t first = positions.place_of(span.begin).line;
    const uint32_t last = positions.place_of(span.end > span.begin ? span.end - 1 : span.end).line;
    if (last > first) ranges.push_back({{"startLine", first}, {"endLine", last}});
  };
  for (const json& stage : document_symbols(parsed, positions)) {
    if (stage.contains("children")) add(positions.span_of(stage.at("range")));
  }
  for (const Instruction& one : parsed.file.instructions())
    add(one.span);
  return ranges;
}

std::vector<Span> definitions(const editor::Workspace::Parsed& parsed, uint32_t offset) {
  const std::vector<Occurrence> all = occurrences(parsed);
  const Occurrence* used = find_at(all, offset);
  if (used == nullptr) return {};
  if (used->kind == Occurrence::Kind::kVariable) return definitions_of_variable(parsed.graph, all, *used);
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    if (at->defines && same(*at, *used)) return {at->span};
  }
  return {};
}

std::vector<Span> references(const editor::Workspace::Parsed& parsed, uint32_t offset,
                             bool with_definitions) {
  std::vector<Span> spans;
  for (const Occurrence& one : same_occurrences(parsed, offset)) {
    if (with_definitions || !one.defines) spans.push_back(one.span);
  }
  return spans;
}

}  // namespace dcache::lsp

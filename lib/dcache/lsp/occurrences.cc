#include "dcache/lsp/occurrences.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "dcache/dockerfile/expand.h"
#include "dcache/dockerfile/mount.h"
#include "dcache/lsp/shell_names.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using dockerfile::Flag;
using dockerfile::Heredoc;
using dockerfile::Instruction;
using dockerfile::Keyword;
using dockerfile::Word;
using text::Span;

constexpr size_t kMostCopies = 100'000;  // of variables that stages have from their bases

Span span_from(uint32_t begin, size_t size) {
  return {begin, begin + static_cast<uint32_t>(size)};
}

bool is_part(std::string_view part, std::string_view whole) {
  return std::less_equal<>()(whole.data(), part.data()) &&
         std::less_equal<>()(part.data() + part.size(), whole.data() + whole.size());
}

// Gathers the names of one file, instruction by instruction, as a builder comes to them.
class Finder {
 public:
  explicit Finder(const editor::Workspace::ParsedDockerfile& parsed)
      : parsed_(parsed), source_(parsed.file.source()) {}

  Names run() {
    for (const Instruction& instruction : parsed_.file.instructions()) {
      if (instruction.keyword == Keyword::kFrom) {
        visit_from(instruction);
      } else {
        visit(instruction);
      }
    }
    end_stage();
    number_meanings();
    std::ranges::stable_sort(names_.occurrences, {}, [](const Occurrence& one) { return one.span.begin; });
    return std::move(names_);
  }

 private:
  using Kind = Occurrence::Kind;
  // A variable as it is known at one place.
  struct Variable {
    size_t meaning = 0;
    std::vector<Span> definitions;
    bool environment = false;  // set by ENV, which no ARG changes and which images keep
  };
  using Variables = std::map<std::string, Variable, std::less<>>;
  // A use by what runs when the stage is complete: CMD.
  struct LaterUse {
    Span span;
    std::string name;
    uint32_t line;
    bool unclear;
  };

  // ---- Stages.

  void visit_from(const Instruction& from) {
    end_stage();
    stage_ = started_ ? stage_ + 1 : 0;
    // What FROM itself expands is set above the first one.
    above_stages_ = true;
    visit_flags(from);
    visit_words(from, from.rest);
    above_stages_ = false;
    started_ = true;
    const auto& stages = parsed_.graph.stages;
    const auto base = stage_ < stages.size() ? stages[stage_].base_stage : std::nullopt;
    here_ = base && *base < ended_.size() ? ended_[*base] : Variables();
    copied_ += here_.size();
    if (copied_ > kMostCopies) {
      here_.clear();
      doubt_all(Kind::kVariable, from.start_line, "has more variables than are followed");
    }
    if (!from.arguments.empty()) refer_to_base(from);
    if (from.arguments.size() == 3) {
      const Word& name = from.arguments.back();
      add_stage(stage_, text::to_lower(name.text), name.span, true);
      if (stage_ < stages.size()) stages_above_.insert_or_assign(text::to_lower(name.text), stage_);
    } else if (stage_ < stages.size()) {
      add_stage(stage_, stages[stage_].label(), from.name_span, true);
    }
  }

  void add_stage(size_t index, std::string name, Span span, bool defines = false) {
    names_.occurrences.push_back({Kind::kStage, std::move(name), span, defines, stage_, false, index, {}});
  }

  void doubt_all(Kind kind, uint32_t line, std::string reason) {
    names_.doubts.push_back({kind, Doubt::kAll, line, std::move(reason)});
  }

  void add_image(std::string_view name, uint32_t line) {
    names_.others.push_back({Kind::kStage, text::to_lower(name), line, stage_, false});
  }

  // FROM means a stage above it, or an image.
  void refer_to_base(const Instruction& from) {
    const Word& word = from.arguments.front();
    const auto stage_named = [&](std::string_view name) -> const plan::Stage* {
      const auto found = stages_above_.find(text::to_lower(name));
      return found == stages_above_.end() ? nullptr : &parsed_.graph.stages[found->second];
    };
    const plan::Stage* stage = stage_named(word.text);
    if (stage != nullptr) return add_stage(stage->index, stage->label(), word.span);
    const std::string_view expanded = parsed_.graph.text_of(word);
    if (const plan::Stage* meant = stage_named(expanded)) {
      names_.doubts.push_back(
          {Kind::kStage, meant->index, from.start_line, fmt::format("names the stage as {}", word.text)});
    } else {
      add_image(expanded, from.start_line);
    }
  }

  // A name or number, if there is such a stage.
  void refer_to_stage(std::string_view name, Span span, uint32_t line) {
    const plan::Stage* stage = parsed_.graph.find_stage(name);
    if (stage != nullptr && text::equals_ignoring_case(span.of(source_), name)) {
      add_stage(stage->index, stage->label(), span);
    } else if (stage != nullptr) {
      names_.doubts.push_back({Kind::kStage, stage->index, line, "names the stage in another way"});
    } else if (name.find('$') != std::string_view::npos) {
      doubt_all(Kind::kStage, line, fmt::format("names a stage as {}", name));
    } else if (!name.empty()) {
      add_image(name, line);
    }
  }

  // Where the value is at the end of a flag, if nothing in it is quoted.
  Span tail_of(Span flag, std::string_view value) const {
    const std::string_view text = flag.of(source_);
    return text.ends_with(value) ? Span{flag.end - static_cast<uint32_t>(value.size()), flag.end} : flag;
  }

  void visit_mount(const Flag& flag, uint32_t line) {
    constexpr std::string_view kKey = "from=";
    const std::string_view text = flag.span.of(source_);
    for (size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
      if (at == 0 || std::string_view(",='\"").find(text[at - 1]) == std::string_view::npos) continue;
      const size_t begin = at + kKey.size();
      const std::string_view name = text.substr(begin, text.find_first_of(",'\"", begin) - begin);
      refer_to_stage(name, span_from(flag.span.begin + static_cast<uint32_t>(begin), name.size()), line);
    }
  }

  // The name in `<<-"EOF"`, if it is written in one piece, and in the last line.
  void add_heredoc(const Heredoc& heredoc) {
    const auto add = [&](Span where, bool defines) {
      const size_t at = where.of(source_).rfind(heredoc.name);
      if (heredoc.name.empty() || at == std::string_view::npos) return;
      const Span span = span_from(where.begin + static_cast<uint32_t>(at), heredoc.name.size());
      names_.occurrences.push_back({Kind::kHeredoc,
                                    std::string(heredoc.name),
                                    span,
                                    defines,
                                    stage_,
                                    above_stages_,
                                    heredoc.body.begin,
                                    {}});
    };
    add(heredoc.marker, true);
    add(heredoc.terminator, false);
  }

  // ---- Instructions.

  // Stages that ONBUILD names are those of another file.
  void visit(const Instruction& instruction, bool later = false) {
    for (const Flag& flag : instruction.flags) {
      if (later) break;
      if (flag.name == "from")
        refer_to_stage(flag.value, tail_of(flag.span, flag.value), instruction.start_line);
      if (flag.name == "mount") visit_mount(flag, instruction.start_line);
    }
    visit_flags(instruction);
    for (const Heredoc& heredoc : instruction.heredocs)
      add_heredoc(heredoc);
    switch (instruction.keyword) {
      case Keyword::kArg:
        visit_arguments(instruction);
        break;
      case Keyword::kEnv:
        visit_words(instruction, instruction.rest);
        visit_environment(instruction);
        break;
      case Keyword::kRun:
      case Keyword::kCmd:
      case Keyword::kEntrypoint:
      case Keyword::kHealthcheck:
        visit_command(instruction);
        break;
      default:
        if (dockerfile::expands_variables(instruction.keyword)) visit_words(instruction, instruction.rest);
    }
    if (instruction.onbuild != nullptr) visit(*instruction.onbuild, true);
  }

  void visit_flags(const Instruction& instruction) {
    for (const Flag& flag : instruction.flags) {
      for (const std::string_view name : expanded_names(flag.span.of(source_), parsed_.file.escape(), false))
        use(name, span_of(name), instruction.start_line);
    }
  }

  // Of a view into the source.
  Span span_of(std::string_view part) const {
    return span_from(static_cast<uint32_t>(part.data() - source_.data()), part.size());
  }
  Span span_of(const Instruction& instruction, std::string_view part) const {
    return is_part(part, source_) ? span_of(part) : instruction.source_span(part);
  }

  // What the builder expands of a part of an instruction, and in its heredocs.
  void visit_words(const Instruction& instruction, std::string_view text) {
    const char escape = parsed_.file.escape();
    for (const std::string_view name : expanded_names(text, escape, false))
      use(name, span_of(instruction, name), instruction.start_line);
    for (const Heredoc& heredoc : instruction.heredocs) {
      if (!heredoc.expand) continue;
      for (const std::string_view name : expanded_names(heredoc.body.of(source_), escape, true))
        use(name, span_of(name), instruction.start_line);
    }
  }

  // ---- What sets variables.

  struct Name {
    std::string text;
    Span span;
    bool plain = true;  // it is written in one piece
  };
  // The name that a word starts with, which may be in quotes; `whole` is all of it without these.
  Name name_in(const Instruction& instruction, const Word& word, std::string& whole) const {
    for (const char c : word.text) {
      if (c != '"' && c != '\'' && c != parsed_.file.escape()) whole += c;
    }
    Name name{whole.substr(0, whole.find('=')), word.span};
    const size_t at = name.text.empty() ? std::string_view::npos : word.text.find(name.text);
    name.plain = at != std::string_view::npos && is_part(word.text, instruction.joined);
    if (!name.plain) return name;
    name.span = instruction.source_span(word.text.substr(at, name.text.size()));
    name.plain = name.span.of(source_) == name.text;
    return name;
  }

  // Each ARG of an instruction sees those before it.
  void visit_arguments(const Instruction& instruction) {
    for (const Word& word : instruction.arguments) {
      if (is_part(word.text, instruction.joined)) {
        for (const std::string_view name : expanded_names(word.text, parsed_.file.escape(), false))
          use(name, span_of(instruction, name), instruction.start_line);
      }
      std::string whole;
      const Name name = name_in(instruction, word, whole);
      if (name.text.find('$') == std::string::npos)
        define(name, false, whole.find('=') != std::string::npos, instruction.start_line);
    }
  }

  void visit_environment(const Instruction& instruction) {
    for (size_t i = 0; i < instruction.arguments.size(); i += 2) {
      std::string whole;
      const Name name = name_in(instruction, instruction.arguments[i], whole);
      if (name.text.find('$') == std::string::npos) define(name, true, true, instruction.start_line);
    }
  }

  void define(const Name& name, bool environment, bool has_value, uint32_t line) {
    Variables& table = started_ ? here_ : above_;
    const auto global = started_ ? above_.find(name.text) : above_.end();
    const bool from_above = !environment && !has_value && global != above_.end();
    const auto known = table.find(name.text);
    const size_t meaning = known != table.end() ? known->second.meaning
                           : from_above         ? global->second.meaning
                                                : new_meaning();
    if (from_above) unite(meaning, global->second.meaning);
    Variable variable{meaning, {name.span}, environment};
    if (from_above)
      variable.definitions.insert(variable.definitions.end(), global->second.definitions.begin(),
                                  global->second.definitions.end());
    if (name.plain) {
      names_.occurrences.push_back(
          {Kind::kVariable, name.text, name.span, true, stage_, !started_, meaning, variable.definitions});
    } else {
      names_.doubts.push_back(
          {Kind::kVariable, meaning, line, fmt::format("writes {} in pieces", name.text)});
    }
    const bool hidden = !environment && known != table.end() && known->second.environment;
    if (!hidden) table.insert_or_assign(name.text, std::move(variable));
  }

  // ---- What uses variables.

  const Variable* find(std::string_view name) const {
    const Variables& table = above_stages_ ? above_ : here_;
    const auto found = table.find(name);
    return found == table.end() ? nullptr : &found->second;
  }

  void use(std::string_view name, Span span, uint32_t line, bool unclear = false) {
    const Variable* variable = find(name);
    if (variable == nullptr) {
      names_.others.push_back({Kind::kVariable, std::string(name), line, stage_, above_stages_});
    } else if (unclear || span.of(source_) != name) {
      doubt(*variable, name, line);
    } else {
      names_.occurrences.push_back({Kind::kVariable, std::string(name), span, false, stage_, above_stages_,
                                    variable->meaning, variable->definitions});
    }
  }

  void doubt(const Variable& variable, std::string_view name, uint32_t line) {
    names_.doubts.push_back({Kind::kVariable, variable.meaning, line,
                             fmt::format("sets {0} itself, or looks it up in another way than ${0}", name)});
  }

  void visit_command(const Instruction& instruction) {
    ShellNames names;
    if (!has_posix_shell() && !instruction.json) {
      add_all(instruction.rest, names);
      for (const Heredoc& heredoc : instruction.heredocs)
        add_all(heredoc.body.of(source_), names);
    } else if (instruction.json) {
      add_array(instruction, names);
    } else {
      add_script(instruction, names);
    }
    for (const Flag& flag : instruction.flags) {
      if (flag.name == "mount") add_secret(flag, names);
    }
    const bool runs_later = instruction.keyword != Keyword::kRun;
    for (const std::string_view name : names.uses) {
      const Span span = span_of(instruction, name);
      if (runs_later) {
        later_.push_back({span, std::string(name), instruction.start_line, names.is_unclear(name)});
      } else {
        use(name, span, instruction.start_line, names.is_unclear(name));
      }
    }
    for (const auto* list : {&names.sets, &names.lookups}) {
      for (const std::string& name : *list) {
        const Variable* variable = find(name);
        // What it sets without a use is its own.
        if (variable != nullptr && list == &names.lookups) doubt(*variable, name, instruction.start_line);
        if (variable == nullptr)
          names_.others.push_back({Kind::kVariable, name, instruction.start_line, stage_, false});
      }
    }
  }

  // The shell of the stage, at its end.
  bool has_posix_shell() const {
    if (parsed_.file.escape() == '`') return false;  // of Windows
    const auto& stages = parsed_.graph.stages;
    if (stage_ >= stages.size() || stages[stage_].shell.empty()) return true;
    return shell::is_posix_shell(stages[stage_].shell.front());
  }

  static void add_all(std::string_view text, ShellNames& names) {
    for (size_t at = 0; at < text.size();) {
      const std::string_view name = variable_name(text.substr(at));
      if (!name.empty()) names.lookups.emplace(name);
      at += std::max<size_t>(name.size(), 1);
    }
  }

  // `["sh", "-c", "echo $X"]`; nothing expands the others.
  void add_array(const Instruction& instruction, ShellNames& names) {
    const auto& words = instruction.arguments;
    for (size_t i = 0; i + 2 < words.size(); ++i) {
      const std::string_view option = words[i + 1].text;
      if (!shell::is_posix_shell(words[i].text) || !option.starts_with('-') || !option.ends_with('c'))
        continue;
      std::string_view script = words[i + 2].span.of(source_);
      if (script.size() >= 2 && script.front() == '"') script = script.substr(1, script.size() - 2);
      if (script.find('\\') == std::string_view::npos) {
        add_shell_names(script, names);
      } else {
        add_all(script, names);
      }
      return;
    }
  }

  void add_script(const Instruction& instruction, ShellNames& names) {
    const bool whole = !instruction.heredocs.empty() && instruction.arguments.size() == 1 &&
                       instruction.heredocs.front().marker == instruction.arguments.front().span;
    if (!whole) {
      const bool check = instruction.keyword == Keyword::kHealthcheck && instruction.arguments.size() == 2;
      add_shell_names(check ? instruction.arguments[1].text : instruction.rest, names);
      const bool script = !instruction.heredocs.empty() && reads_script(instruction.rest);
      for (const Heredoc& heredoc : instruction.heredocs)
        add_heredoc_names(script, heredoc.body.of(source_), !heredoc.expand, names);
      return;
    }
    // A heredoc that is all of a RUN is what the shell reads, however its delimiter is written.
    const std::string_view body = instruction.heredocs.front().body.of(source_);
    if (!body.starts_with("#!")) return add_shell_names(body, names);
    const std::string_view line = body.substr(2, body.find('\n') - 2);
    const std::string_view last = line.substr(line.find_last_of("/ ", line.find_last_not_of(" \r")) + 1);
    const bool shell =
        shell::is_posix_shell(text::trim_right(last)) || line.find("sh ") != std::string_view::npos;
    shell ? add_shell_names(body, names) : add_foreign_names(body, names);
  }

  // A secret may be given as a variable.
  static void add_secret(const Flag& flag, ShellNames& names) {
    const auto fields = dockerfile::split_csv(flag.value);
    if (!fields) return;
    for (const std::string& field : *fields) {
      if (field.starts_with("env=")) names.sets.insert(field.substr(4));
    }
  }

  // What CMD, ENTRYPOINT and HEALTHCHECK expand is what ENV left in the image.
  void end_stage() {
    if (!started_) return;
    for (const LaterUse& later : std::exchange(later_, {})) {
      const Variable* variable = find(later.name);
      if (variable != nullptr && !variable->environment) continue;
      use(later.name, later.span, later.line, later.unclear);
    }
    for (const auto& [name, variable] : here_)
      names_.stages_of[variable.meaning].insert(stage_);
    ended_.push_back(here_);
  }

  // ---- Meanings of variables, which turn out to be the same now and then.

  size_t new_meaning() {
    same_as_.push_back(same_as_.size());
    return same_as_.back();
  }
  size_t root_of(size_t meaning) {
    while (same_as_[meaning] != meaning)
      meaning = same_as_[meaning] = same_as_[same_as_[meaning]];
    return meaning;
  }
  void unite(size_t one, size_t other) { same_as_[root_of(one)] = root_of(other); }

  void number_meanings() {
    for (Occurrence& one : names_.occurrences) {
      if (one.kind == Kind::kVariable) one.meaning = root_of(one.meaning);
    }
    for (Doubt& one : names_.doubts) {
      if (one.kind == Kind::kVariable && one.meaning != Doubt::kAll) one.meaning = root_of(one.meaning);
    }
    std::map<size_t, std::set<size_t>> stages;
    for (const auto& [meaning, of] : names_.stages_of)
      stages[root_of(meaning)].insert(of.begin(), of.end());
    names_.stages_of = std::move(stages);
  }

  const editor::Workspace::ParsedDockerfile& parsed_;
  std::string_view source_;
  Names names_;
  size_t stage_ = 0;
  bool started_ = false;      // the first FROM was there
  bool above_stages_ = true;  // what is visited sees the ARGs above the first FROM
  Variables above_;
  Variables here_;
  std::vector<Variables> ended_;                             // by stage
  size_t copied_ = 0;                                        // variables, from stage to stage
  std::map<std::string, size_t, std::less<>> stages_above_;  // by name in lower case
  std::vector<LaterUse> later_;
  std::vector<size_t> same_as_;
};

const Occurrence* find_at(const std::vector<Occurrence>& all, uint32_t offset) {
  // The end counts too: that is where a cursor is after a name.
  const auto found = std::ranges::find_if(
      all, [&](const Occurrence& one) { return one.span.begin <= offset && offset <= one.span.end; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

Names names_of(const editor::Workspace::ParsedDockerfile& parsed) {
  return Finder(parsed).run();
}

std::vector<Occurrence> occurrences(const editor::Workspace::ParsedDockerfile& parsed) {
  return names_of(parsed).occurrences;
}

std::optional<Occurrence> occurrence_at(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset) {
  const std::vector<Occurrence> all = occurrences(parsed);
  const Occurrence* found = find_at(all, offset);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::vector<Occurrence> same_occurrences(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset) {
  std::vector<Occurrence> all = occurrences(parsed);
  const Occurrence* found = find_at(all, offset);
  if (found == nullptr) return {};
  const Occurrence::Kind kind = found->kind;
  const size_t meaning = found->meaning;
  std::erase_if(all, [&](const Occurrence& one) { return one.kind != kind || one.meaning != meaning; });
  return all;
}

}  // namespace dcache::lsp

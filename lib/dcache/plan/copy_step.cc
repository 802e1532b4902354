// COPY and ADD.
#include <algorithm>

#include "dcache/plan/planner.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::plan {

using dockerfile::Flag;
using dockerfile::Heredoc;
using dockerfile::Instruction;
using dockerfile::Keyword;
using dockerfile::Word;

void Planner::add_copy(const Instruction& instruction) {
  if (instruction.arguments.size() < 2) return;
  Step step;
  step.kind = Step::Kind::kCopy;
  step.instruction = &instruction;
  const bool add = instruction.keyword == Keyword::kAdd;
  step.definition.push_back({Part::Kind::kOperation, {}, add ? "add" : "copy"});
  const CopyFlags flags = read_copy_flags(instruction, step);
  const Word& last = instruction.arguments.back();
  const std::string written = expand(instruction, last);
  step.destination =
      written.starts_with('/') ? text::clean_path(written) : rooted(stage().workdir + "/" + written);
  const bool folder = written.ends_with('/') || written.ends_with("/.") || written == ".";
  step.definition.push_back(
      {Part::Kind::kDestination, {}, step.destination + (folder && step.destination != "/" ? "/" : "")});
  Read read = origin_of(instruction, flags.from, flags.from_span);
  for (const Word& word : instruction.arguments.first(instruction.arguments.size() - 1)) {
    add_source(instruction, word, flags, read, step);
  }
  for (const std::string& pattern : flags.exclude)
    step.definition.push_back({Part::Kind::kExclude, {}, pattern});
  if (!read.selectors.empty()) step.reads.push_back(std::move(read));
  // BuildKit makes a layer of its own for --link only where it need not know what the modes were before.
  step.independent =
      flags.link && instruction.find_flag("chmod") == nullptr && options_.builder == Builder::kBuildkit;
  add_step(std::move(step));
}

Planner::CopyFlags Planner::read_copy_flags(const Instruction& instruction, Step& step) {
  CopyFlags flags;
  for (const Flag& flag : instruction.flags) {
    const bool on = !flag.has_value || text::equals_ignoring_case(flag.value, "true");
    if (flag.name == "from") {
      flags.from = flag.value;
      flags.from_span = flag.span;
    } else if (flag.name == "link") {
      flags.link = on;
    } else if (flag.name == "parents") {
      flags.parents = on;
    } else if (flag.name == "exclude") {
      auto pattern = dockerfile::expand(flag.value, stage().environment.lookup(), expand_options_);
      flags.exclude.push_back(pattern ? std::move(*pattern) : std::string(flag.value));
    } else {
      const Part::Kind kind = flag.name == "chown"   ? Part::Kind::kOwner
                              : flag.name == "chmod" ? Part::Kind::kMode
                                                     : Part::Kind::kFlag;
      step.definition.push_back(
          {kind, std::string(flag.name), expand(instruction, flag.value, flag.span, stage().environment)});
    }
  }
  return flags;
}

void Planner::add_source(const Instruction& instruction, const Word& word, const CopyFlags& flags, Read& read,
                         Step& step) {
  const auto heredoc =
      std::find_if(instruction.heredocs.begin(), instruction.heredocs.end(),
                   [&](const Heredoc& candidate) { return candidate.marker.overlaps(word.span); });
  if (heredoc != instruction.heredocs.end() && !instruction.json) {
    std::string content = heredoc_text(*heredoc);
    if (heredoc->expand) {
      dockerfile::ExpandOptions plain = expand_options_;
      plain.plain_quotes = true;
      if (auto expanded = dockerfile::expand(content, noting_lookup(instruction, stage().environment), plain))
        content = *expanded;
    }
    step.definition.push_back({Part::Kind::kHeredoc, std::string(heredoc->name), content});
    return;
  }
  const std::string source = expand(instruction, word);
  if (instruction.keyword == Keyword::kAdd && is_remote(source)) {
    step.needs_network = true;
    step.definition.push_back({Part::Kind::kRemote, {}, source});
    return;
  }
  Selector selector;
  selector.written = source;
  selector.exclude = flags.exclude;
  std::string path = source;
  if (flags.parents) {
    const size_t pivot = source.find("/./");
    path = pivot == std::string::npos ? "/" : source.substr(0, pivot);
    const std::string pattern = rooted(pivot == std::string::npos ? source : source.substr(pivot + 3));
    selector.include.push_back(pattern.substr(1));
    step.definition.push_back({Part::Kind::kSource, "include", selector.include.back()});
  }
  selector.path = rooted(path);
  selector.wildcard = text::has_wildcard(selector.path);
  // Where a file lies does not matter to the builder, only what it is called.
  step.definition.push_back({Part::Kind::kSource, {}, std::string(text::base_name(selector.path))});
  read.selectors.push_back(std::move(selector));
}

}  // namespace dcache::plan

#include "rules/local_sources.h"

#include <algorithm>
#include <map>
#include <vector>

#include <re2/re2.h>

#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/comments.h"
#include "rules/likely_context.h"
#include "rules/patterns.h"

namespace dcache::rules {
namespace {

bool is_address(std::string_view value) {
  return value.find("://") != std::string_view::npos && !value.starts_with("file:");
}

// The option of a command that names a local source; empty for none.
std::string local_by_option(const Use& use) {
  const std::span<const shell::Word> words = use.command->words;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t equals = words[i].text.find('=');
    const std::string_view option = words[i].text.substr(0, equals);
    if (!text::is_one_of(option, use.manager->local_options)) continue;
    std::string_view value = i + 1 < words.size() ? words[i + 1].text : std::string_view();
    if (equals != std::string_view::npos) value = words[i].text.substr(equals + 1);
    if (!value.empty() && !is_address(value)) return std::string(option);
  }
  return {};
}

// The variable of the stage or before the command that names a local source; empty for none.
std::string local_by_variable(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use) {
  if (!run.step || use.manager->local_env.empty()) return {};
  for (const shell::Word& assignment : use.command->assignments) {
    const size_t equals = std::min(assignment.text.find('='), assignment.text.size());
    const std::string_view name = assignment.text.substr(0, equals);
    if (text::is_one_of(name, use.manager->local_env) && !is_address(assignment.text.substr(equals)))
      return std::string(name);
  }
  const auto& environment = dockerfile.graph().steps[*run.step].environment;
  if (!environment) return {};
  for (const plan::Variable* const variable : environment->variables()) {
    if (text::is_one_of(variable->name, use.manager->local_env) && !is_address(variable->value))
      return variable->name;
  }
  return {};
}

// Whether a text has the source.
bool has_source(std::string_view text, const LocalSource& source) {
  const RE2& pattern = known_pattern(source.pattern);
  re2::StringPiece rest = text::piece(text), found;
  while (pattern.Match(rest, 0, rest.size(), RE2::UNANCHORED, &found, 1) && !found.empty()) {
    if (source.unless.empty() || !RE2::PartialMatch(found, known_pattern(source.unless))) return true;
    rest.remove_prefix(static_cast<size_t>(found.data() + found.size() - rest.data()));
  }
  return false;
}

// The files of a context that a source may be in.
std::vector<const context::Record*> files_of(const lint::BuildContext& context, const LocalSource& source) {
  if (!text::has_wildcard(source.file)) {
    const auto called = context.called(source.file);
    return {called.begin(), called.end()};
  }
  std::vector<const context::Record*> files;
  for (const context::Record& record : context.files.records()) {
    if (text::glob_match(source.file, text::base_name(record.path))) files.push_back(&record);
  }
  return files;
}

std::string local_in_files(const lint::BuildContext& context, const PackageManager& manager) {
  for (const LocalSource& source : manager.local_sources) {
    for (const context::Record* const record : files_of(context, source)) {
      const auto text = context.read(record->path);
      if (text && has_source(without_xml_comments(*text), source)) return record->path;
    }
  }
  return {};
}

// What the files of the context say of each package manager that was asked for.
struct LocalSources {
  std::map<const PackageManager*, std::string> found;
};

}  // namespace

std::string local_source_of(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use) {
  if (std::string option = local_by_option(use); !option.empty()) return option;
  if (std::string variable = local_by_variable(dockerfile, run, use); !variable.empty()) return variable;
  const lint::BuildContext* const context =
      use.manager->local_sources.empty() ? nullptr : likely_context(dockerfile);
  if (context == nullptr) return {};
  auto& known = dockerfile.memory<LocalSources>().found;
  const auto [at, is_new] = known.try_emplace(use.manager);
  if (is_new) at->second = local_in_files(*context, *use.manager);
  return at->second;
}

}  // namespace dcache::rules

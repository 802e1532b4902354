// COPY and ADD.
#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/plan/mode_change.h"
#include "dcache/plan/planner.h"
#include "dcache/plan/values.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"

namespace dcache::plan {

namespace {

// What ADD downloads, taken apart.
struct RemoteSource {
  bool git = false;
  std::string location;  // without what follows '#'
  std::string name;      // of a file: what it is called in the image
  std::string ref;       // of a repository: branch, tag or commit
  std::string folder;    // of a repository: the part of it that is taken
};

RemoteSource read_remote(std::string_view source) {
  RemoteSource remote;
  const size_t hash = std::min(source.find('#'), source.size());
  const std::string_view fragment = source.substr(std::min(hash + 1, source.size()));
  remote.location = source.substr(0, hash);
  const std::string_view path = source.substr(0, source.find_first_of("?#"));
  const bool http = source.starts_with("http://") || source.starts_with("https://");
  remote.git = !http || path.ends_with(".git");
  if (remote.git) {
    const size_t colon = std::min(fragment.find(':'), fragment.size());
    remote.ref = fragment.substr(0, colon);
    remote.folder = fragment.substr(std::min(colon + 1, fragment.size()));
    return remote;
  }
  const size_t host = path.find("://") + 3;
  const size_t slash = path.find('/', host);
  const std::string clean = slash == std::string_view::npos ? "/" : text::clean_path(path.substr(slash));
  remote.name = clean == "/" ? "__unnamed__" : std::string(text::base_name(clean));
  return remote;
}

// What an ADD with BuildKit downloads: `user@host:path` too.
// Source: https://github.com/moby/buildkit/blob/master/util/sshutil/scpurl.go
bool is_download(std::string_view source) {
  if (is_remote(source) && !source.starts_with("git@")) return true;
  static const RE2 kScpStyle("[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:.*");
  return source.find('@') != std::string_view::npos && RE2::FullMatch(text::piece(source), kScpStyle);
}

// Whether it is a whole commit ID, SHA-1 or SHA-256.
bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

using dockerfile::Heredoc;
using dockerfile::Instruction;
using dockerfile::Keyword;
using dockerfile::Word;

// The heredoc that a word means; null for none.
const Heredoc* heredoc_of(const Instruction& instruction, const Word& word) {
  if (instruction.json) return nullptr;
  const auto found = std::ranges::find_if(instruction.heredocs,
                                          [&](const Heredoc& heredoc) { return heredoc.is_named_by(word); });
  return found == instruction.heredocs.end() ? nullptr : &*found;
}

}  // namespace

void Planner::add_copy(const Instruction& instruction) {
  if (instruction.arguments.size() < 2) return;
  Step step;
  step.kind = Step::Kind::kCopy;
  step.instruction = &instruction;
  const bool add = instruction.keyword == Keyword::kAdd;
  // To BuildKit an ADD that unpacks nothing is a COPY.
  const bool buildkit = options_.builder == Builder::kBuildkit;
  step.definition.push_back({Part::Kind::kOperation, {}, add && !buildkit ? "add" : "copy"});
  const CopyFlags flags = read_copy_flags(instruction, step);
  const auto words = instruction.arguments.first(instruction.arguments.size() - 1);
  std::vector<Source> sources;
  for (const Word& word : words) {
    if (heredoc_of(instruction, word) != nullptr) continue;
    std::string text = expand(instruction, word);
    sources.push_back(
        {&word, std::move(text), open_, image_value_ ? possible_paths(word) : std::vector<std::string>()});
  }
  const Word& last = instruction.arguments.back();
  const std::string written = expand(instruction, last);
  step.destination =
      written.starts_with('/') ? text::clean_path(written) : rooted(stage().workdir + "/" + written);
  const bool dot = written.ends_with("/.");  // a folder too, with a key of its own
  const bool folder = written.ends_with('/') || dot || written == ".";
  step.definition.push_back(
      {Part::Kind::kDestination,
       {},
       step.destination + (folder && step.destination != "/" ? "/" : "") + (dot && buildkit ? "." : "")});
  for (const Word& word : words) {
    if (const Heredoc* heredoc = heredoc_of(instruction, word)) add_heredoc(instruction, *heredoc, step);
  }
  check_copy(instruction, flags, sources);
  Read read = origin_of(instruction, flags.from, flags.from_span);
  for (const Source& source : sources)
    add_source(instruction, source, flags, read, step);
  for (const std::string& pattern : flags.exclude)
    step.definition.push_back({Part::Kind::kExclude, {}, pattern});
  if (!read.selectors.empty()) step.reads.push_back(std::move(read));
  // BuildKit makes a layer of its own for --link only where it need not know what the modes were before, and
  // where its store can merge layers.
  step.independent = flags.link && instruction.find_flag("chmod") == nullptr && buildkit &&
                     options_.store == Store::kContainerd;
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
      // BuildKit expands variables in the name of the step alone (moby/buildkit#6072).
      flags.exclude.emplace_back(flag.value);
    } else if (flag.name == "unpack") {
      flags.unpack = on;
    } else if (flag.name == "keep-git-dir") {
      flags.keep_git_dir = on;
    } else if (flag.name == "checksum") {
      flags.checksum = expand(instruction, flag.value, flag.span, stage().environment);
      flags.checksum_span = flag.span;
      flags.open_checksum = open_;
    } else {
      const Part::Kind kind = flag.name == "chown"   ? Part::Kind::kOwner
                              : flag.name == "chmod" ? Part::Kind::kMode
                                                     : Part::Kind::kFlag;
      const size_t errors = graph_.errors.size();
      std::string value = expand(instruction, flag.value, flag.span, stage().environment);
      if (kind == Part::Kind::kMode && graph_.errors.size() == errors) {
        flags.mode = value;
        flags.mode_span = flag.span;
        flags.open_mode = open_;
      }
      const bool octal = kind == Part::Kind::kMode && !value.empty() &&
                         value.find_first_not_of("01234567") == std::string::npos;
      if (octal) value.erase(0, std::min(value.find_first_not_of('0'), value.size() - 1));
      if (kind == Part::Kind::kOwner && options_.builder == Builder::kBuildkit) value = owner_id(value);
      step.definition.push_back({kind, std::string(flag.name), std::move(value)});
    }
  }
  return flags;
}

void Planner::check_copy(const Instruction& instruction, const CopyFlags& flags,
                         const std::vector<Source>& sources) {
  if (options_.builder != Builder::kBuildkit) return;
  if (!flags.mode.empty() && !ModeChange::parse(flags.mode)) {
    Error& error =
        fail(instruction, flags.mode_span, fmt::format("'{}' is not a mode for --chmod", flags.mode),
             "write it in octal, at most 7777, or in letters such as u=rwX,go=rX");
    error.open = error.open || flags.open_mode;
  }
  for (const Source& source : sources) {
    if (!flags.from.empty() || is_download(source.text) || text::is_valid_glob(source.text)) continue;
    Error& error = fail(instruction, source.word->span, fmt::format("'{}' is not a pattern", source.text),
                        source.text.starts_with("[\"") || source.text.starts_with("['")
                            ? "write a JSON array: [\"a\", \"/b/\"]"
                            : "close every [ with a ], or write [[] to mean the character itself");
    error.open = error.open || source.open;
  }
  if (!flags.checksum.empty() && sources.size() != 1) {
    Error& error = fail(instruction, flags.checksum_span,
                        fmt::format("--checksum is for one source, and there are {}", sources.size()),
                        "write a separate ADD for each source with a checksum");
    error.open = error.open || flags.open_checksum;
  }
  for (const Source& source : sources)
    check_source(instruction, source, flags);
}

void Planner::check_source(const Instruction& instruction, const Source& source, const CopyFlags& flags) {
  const bool download = is_download(source.text);
  const auto refuse = [&](text::Span span, std::string message, std::string remedy, bool open) {
    Error& error = fail(instruction, span, std::move(message), std::move(remedy));
    error.open = error.open || source.open || open;
  };
  if (instruction.keyword == Keyword::kCopy) {
    if (download)
      refuse(source.word->span, fmt::format("COPY can't download {}", source.text), "use ADD", false);
    return;
  }
  if (flags.checksum.empty()) return;
  if (!download) {
    refuse(flags.checksum_span,
           fmt::format("--checksum needs a source to download, and {} is not one", source.text),
           "remove --checksum", flags.open_checksum);
  } else if (!read_remote(source.text).git && !is_checksum(flags.checksum)) {
    refuse(flags.checksum_span, fmt::format("'{}' is not a checksum", flags.checksum),
           "write sha256: and the 64 hexadecimal digits that sha256sum prints", flags.open_checksum);
  }
}

void Planner::add_heredoc(const Instruction& instruction, const Heredoc& heredoc, Step& step) {
  std::string content = heredoc_text(heredoc);
  if (heredoc.expand) {
    dockerfile::ExpandOptions plain = expand_options_;
    plain.plain_quotes = true;
    plain.escape = '\\';
    open_ = image_value_ = false;
    auto expanded = dockerfile::expand(content, noting_lookup(instruction, stage().environment), plain);
    if (expanded) {
      content = std::move(*expanded);
    } else {
      fail_to_expand(instruction, fmt::format("<<{}", heredoc.name), heredoc.marker, expanded.error());
    }
  }
  step.definition.push_back({Part::Kind::kHeredoc, std::string(heredoc.name), content});
}

std::vector<std::string> Planner::possible_paths(const Word& word) {
  const dockerfile::Lookup known = stage().environment.lookup();
  std::vector<std::string> patterns;
  // Nothing, a part of a name, or several folders.
  for (const std::string_view value : {"", "*", "*/**/*"}) {
    const auto lookup = [&](std::string_view name) -> std::optional<std::string_view> {
      const auto found = known(name);
      return found || is_declared_in_stage(name) ? found : value;
    };
    const auto text = dockerfile::expand(word.text, lookup, expand_options_);
    const std::string pattern = text ? rooted(*text).substr(1) : std::string();
    patterns.push_back(pattern.empty() ? "**" : pattern);
  }
  return patterns;
}

void Planner::add_source(const Instruction& instruction, const Source& given, const CopyFlags& flags,
                         Read& read, Step& step) {
  const std::string& source = given.text;
  const bool add = instruction.keyword == Keyword::kAdd;
  if (add && is_remote(source)) return add_remote(source, flags, step);
  Selector selector;
  selector.written = source;
  selector.unpack = flags.unpack.value_or(add);
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
  if (!given.possible.empty()) {
    selector.written = given.word->text;
    selector.path = "/";
    selector.include = given.possible;
  }
  selector.wildcard = text::has_wildcard(selector.path);
  // Where a file is does not matter to the builder, only what it is called.
  const bool unpacks = selector.unpack && options_.builder == Builder::kBuildkit;
  step.definition.push_back(
      {Part::Kind::kSource, unpacks ? "unpack" : "", std::string(text::base_name(selector.path))});
  read.selectors.push_back(std::move(selector));
}

// BuildKit knows a file by its name and its bytes, and a git repository by its commit. Where it came from
// does not matter, but only a checksum or a commit tells without downloading that it is the same.
void Planner::add_remote(const std::string& source, const CopyFlags& flags, Step& step) const {
  if (step.remote.empty()) step.remote = source;
  const auto define = [&](Part::Kind kind, std::string_view name, std::string value) {
    step.definition.push_back({kind, std::string(name), std::move(value)});
  };
  if (options_.builder != Builder::kBuildkit) {
    step.needs_network = true;
    return define(Part::Kind::kRemote, {}, source);
  }
  const RemoteSource remote = read_remote(source);
  const std::string unpack = flags.unpack.value_or(false) ? "unpack" : "";
  if (remote.git) {
    const std::string commit = is_commit(remote.ref)       ? remote.ref
                               : is_commit(flags.checksum) ? flags.checksum
                                                           : std::string();
    define(Part::Kind::kRemote, "commit", commit.empty() ? remote.ref : commit);
    if (flags.keep_git_dir) define(Part::Kind::kRemote, "keep-git-dir", remote.ref);
    if (!remote.folder.empty()) define(Part::Kind::kRemote, "folder", remote.folder);
    if (!commit.empty()) return;
  } else {
    define(Part::Kind::kRemote, unpack, remote.name);
    if (!flags.checksum.empty()) return define(Part::Kind::kRemote, "checksum", flags.checksum);
  }
  step.needs_network = true;
  define(Part::Kind::kLocation, {}, remote.location);
}

}  // namespace dcache::plan

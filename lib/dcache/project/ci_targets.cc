#include "dcache/project/ci_targets.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/build.h"
#include "dcache/project/build_script.h"
#include "dcache/project/cache_entry.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

constexpr size_t kMostTargets = 10'000;
constexpr size_t kMostCiCharacters = 64U << 20U;
// Attributes that say which Dockerfile is built, and with which files.
constexpr std::array<std::string_view, 3> kFiles = {"context", "dockerfile", "target"};

constexpr size_t kMostValues = 2000;  // of one build
constexpr size_t kMostTargetFailures = 200;
constexpr size_t kMostUnknownOfTarget = 200;  // of one target

void add_if_new(std::vector<std::string>& to, const std::string& one) {
  if (!one.empty() && std::ranges::find(to, one) == to.end()) to.push_back(one);
}

void add_if_new(std::vector<UnknownAttribute>& to, const UnknownAttribute& one) {
  if (to.size() < kMostUnknownOfTarget && std::ranges::find(to, one) == to.end()) to.push_back(one);
}

bool is_remote(std::string_view path) {
  return path.find("://") != std::string_view::npos || path.starts_with("git@") ||
         path.starts_with("github.com/");
}

bool is_outside(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.starts_with('/') || path.starts_with('~');
}

// `path` from a folder; both are in the repository and cleaned.
std::string relative_path(std::string_view path, std::string_view folder) {
  std::string up;
  while (folder != "." && !text::is_within(path, folder)) {
    up += "../";
    folder = text::parent_path(folder);
    if (folder.empty()) folder = ".";
  }
  if (folder == ".") return text::clean_path(up + std::string(path));
  if (path == folder) return text::clean_path(up + ".");
  return text::clean_path(up + std::string(path.substr(folder.size() + 1)));
}

// The folder in this repository that a URL of it means: `https://github.com/${{ github.repository
// }}.git#:sub`. A commit or branch that is written out may be another state than the one that is here.
std::optional<CiText> folder_of_url(const CiText& url, const ReadOptions& options) {
  std::string_view path = url.text;
  bool own = false;
  for (const std::string& part : url.unknown) {
    own = own || part.find("github.repository") != std::string::npos ||
          part.find("GITHUB_REPOSITORY") != std::string::npos;
  }
  const auto name = options.environment.find("GITHUB_REPOSITORY");
  if (name != options.environment.end() && !name->second.empty()) {
    const std::string plain = "github.com/" + name->second;
    const size_t at = path.find(plain);
    own = own || (at != std::string_view::npos &&
                  (at + plain.size() == path.size() || path[at + plain.size()] == '.' ||
                   path[at + plain.size()] == '#'));
  }
  if (!own) return std::nullopt;
  const size_t hash = path.find('#');
  if (hash == std::string_view::npos) return CiText{"."};
  path.remove_prefix(hash + 1);
  const size_t colon = find_outside_expressions(path, ':');
  const std::string_view reference = path.substr(0, colon);
  if (!reference.empty() && reference.find('$') == std::string_view::npos) return std::nullopt;
  if (colon >= path.size()) return CiText{"."};
  CiText folder{std::string(path.substr(colon + 1)), url.unknown};
  folder.update();
  if (folder.is_known()) folder.text = text::clean_path(folder.text);
  return folder;
}

// Kaniko's name for a folder; its other kinds of contexts are URLs.
CiText without_scheme(const CiText& context) {
  constexpr std::string_view kFolder = "dir://";
  if (!context.text.starts_with(kFolder)) return context;
  return {context.text.substr(kFolder.size()), context.unknown};
}

// Whether what only CI knows is the same in all builds of a repository.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/contexts#github-context,
// https://docs.gitlab.com/ci/variables/predefined_variables/
bool is_constant(std::string_view expression) {
  constexpr std::array<std::string_view, 14> kConstants = {"github.repository",
                                                           "github.repository_id",
                                                           "github.repository_owner",
                                                           "github.repository_owner_id",
                                                           "github.server_url",
                                                           "github.api_url",
                                                           "CI_PROJECT_ID",
                                                           "CI_PROJECT_NAME",
                                                           "CI_PROJECT_NAMESPACE",
                                                           "CI_PROJECT_PATH",
                                                           "CI_REGISTRY",
                                                           "CI_REGISTRY_IMAGE",
                                                           "CI_SERVER_HOST",
                                                           "CI_SERVER_URL"};
  const size_t begin = std::min(expression.find_first_not_of("${ "), expression.size());
  const size_t end = expression.find_last_not_of("} ");
  const std::string_view name = expression.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
  return std::ranges::find(kConstants, name) != kConstants.end();
}

// What an option that may be given makes unknown; empty for what a target does not have, or for build
// arguments.
std::string_view attribute_of(BuildField field) {
  switch (field) {
    case BuildField::kFile:
      return "dockerfile";
    case BuildField::kTarget:
      return "target";
    case BuildField::kNamedContext:
      return "contexts";
    case BuildField::kPlatform:
      return "platforms";
    default:
      return "";
  }
}

// Makes a target of a build.
class TargetReader {
 public:
  TargetReader(const CiBuild& build, const Workspace& workspace, const CiSource& source,
               const ReadOptions& options, std::vector<text::Failure>& failures, Target& target)
      : build_(build),
        workspace_(workspace),
        source_(source),
        options_(options),
        failures_(failures),
        target_(target) {}

  void read() {
    target_.builder = build_.builder;
    read_context();
    read_file();
    for (const auto& [field, value] :
         std::span(build_.values).first(std::min(build_.values.size(), kMostValues)))
      read_value(field, value);
    if (build_.values.size() > kMostValues)
      fail(fmt::format("the build has more than {} options", kMostValues), "split it");
    for (const std::string& variable : build_.more_options)
      add_if_new(target_.unknown, {"args", fmt::format("may be in {}", variable)});
    for (const auto& [field, variable] : build_.possible) {
      if (const std::string_view attribute = attribute_of(field); !attribute.empty())
        add_if_new(target_.unknown, {std::string(attribute), fmt::format("may be in {}", variable)});
    }
  }

 private:
  // Adds what is not known of a value; returns whether it is all known.
  bool note(const std::string& attribute, const CiText& value) {
    for (const std::string& part : value.unknown) {
      const bool whole = value.text == part;
      // Which files are built has to be known, whether it changes or not.
      const bool varies = !attribute.starts_with("args.") || !is_constant(part);
      add_if_new(target_.unknown, {attribute, fmt::format("{} {}", whole ? "is" : "contains", part), varies});
    }
    return value.is_known();
  }

  void read_context() {
    if (build_.has_no_context || !build_.context_of_input.empty()) {
      target_.context = cache::kNoContext;
      is_known_ = false;
      if (!build_.has_no_context) target_.unknown.push_back({"context", build_.context_of_input});
      return;
    }
    CiText context{"."};
    if (const CiText* const given = build_.find(BuildField::kContext)) {
      CiText path = without_scheme(*given);
      if (const CiText* const part = build_.find(BuildField::kContextPart)) {
        path.text += '/';
        path.append(*part);
      }
      context = folder_or_url(path);
      if (!is_remote(path.text)) remote_place_ = located(path);
    }
    target_.context = context.text;
    is_remote_ = is_remote(context.text);
    is_known_ = note("context", context) && !is_remote_;
    if (!is_known_ || !is_outside(context.text)) return;
    is_known_ = false;
    target_.unknown.push_back(
        {"context", fmt::format("is {}, which is outside of the repository", context.text)});
  }

  Workspace::Place located(const CiText& path) const {
    return workspace_.locate(join_ci_path(build_.folder, path));
  }

  // A folder of this repository, or the URL of one that is elsewhere.
  CiText folder_or_url(const CiText& path) const {
    if (is_remote(path.text)) return folder_of_url(path, options_).value_or(path);
    const Workspace::Place place = located(path);
    if (place.remote.empty()) return place.path;
    CiText url = text_with_expressions(place.remote);
    if (place.path.text == ".") return url;
    url.text += url.text.find('#') == std::string::npos ? "#:" : ":";
    url.append(place.path);
    return url;
  }

  void read_file() {
    if (build_.file_is_input) {
      target_.unknown.push_back({"dockerfile", "is read from standard input"});
      return;
    }
    const CiText* const given = build_.find(BuildField::kFile);
    if (given == nullptr || given->text.empty()) {
      if (build_.file_base == FileBase::kFolderOrContext) choose_default_file();
      return;
    }
    if (is_remote_ || is_remote(given->text)) return set_remote_file(*given);
    if (!build_.context_of_input.empty()) {
      note("dockerfile", *given);
      target_.dockerfile = given->text;
      return;
    }
    if (build_.file_base == FileBase::kContext && is_known_) {
      CiText file{target_.context + '/'};
      file.append(*given);
      file.text = text::clean_path(file.text);
      return set_file(file);
    }
    CiText file = folder_or_url(*given);
    if (build_.file_base == FileBase::kFolderOrContext && is_known_ && file.is_known() &&
        !options_.files->exists(in_root(file.text))) {
      const std::string other = text::join_path(target_.context, given->text);
      const bool is_default = given->text == "Dockerfile";
      if (is_default || options_.files->exists(in_root(other))) file.text = other;
    }
    set_file(file);
  }

  // In a repository that the job checks out, it is a path of the workspace; otherwise one in the context.
  void set_remote_file(const CiText& given) {
    note("dockerfile", given);
    target_.dockerfile = given.text;
    if (remote_place_.remote.empty() || !given.is_known() || !remote_place_.path.is_known()) return;
    const Workspace::Place place = located(given);
    if (place.remote == remote_place_.remote && !is_outside(place.path.text))
      target_.dockerfile = relative_path(place.path.text, remote_place_.path.text);
  }

  // Without a context that is known, it is from the root of the repository.
  void set_file(const CiText& file) {
    note("dockerfile", file);
    const bool relative = is_known_ && !is_outside(file.text);
    target_.dockerfile = relative ? relative_path(file.text, target_.context) : file.text;
  }

  // podman and buildah prefer the name Containerfile.
  void choose_default_file() {
    if (!is_known_) return;
    const std::string folder = in_root(target_.context);
    const bool other = options_.files->exists(text::join_path(folder, "Containerfile")) &&
                       !options_.files->exists(text::join_path(folder, "Dockerfile"));
    if (other) target_.dockerfile = "Containerfile";
  }

  std::string in_root(const std::string& path) const { return text::join_path(target_.folder, path); }

  void read_value(BuildField field, const CiText& value) {
    switch (field) {
      case BuildField::kTarget:
        return read_text("target", value, target_.target);
      case BuildField::kArg:
        return read_arg(value);
      case BuildField::kNamedContext:
        return read_named_context(value);
      case BuildField::kPlatform:
        return read_platforms(value);
      case BuildField::kTag:
        return read_list("tags", value, target_.tags);
      case BuildField::kLabel:
        return read_label(value);
      case BuildField::kAnnotation:
        return read_list("annotations", value, target_.annotations);
      case BuildField::kCacheFrom:
        return read_cache("cache-from", value, target_.cache_from);
      case BuildField::kCacheTo:
        return read_cache("cache-to", value, target_.cache_to);
      case BuildField::kNoCache:
        if (note("no-cache", value)) target_.no_cache = text::equals_ignoring_case(value.text, "true");
        return;
      case BuildField::kNoCacheFilter:
        return read_list("no-cache-filter", value, target_.no_cache_filter);
      case BuildField::kPull:
        target_.pull = text::equals_ignoring_case(value.text, "true");
        return;
      case BuildField::kSecret:
        return read_secret_option("secrets", value, target_.secrets);
      case BuildField::kSsh:
        return read_secret_option("ssh", value, target_.ssh);
      case BuildField::kOtherInput:
        return add_if_new(target_.other_inputs, value.text);
      default:
        return read_run_option(field, value);
    }
  }

  // Makes no difference to what is built, so nothing is unknown of it.
  void read_secret_option(const char* input, const CiText& value, std::vector<std::string>& to) {
    if (value.is_known()) {
      add_if_new(to, value.text);
    } else {
      add_if_new(target_.other_inputs, std::string(input));
    }
  }

  void read_run_option(BuildField field, const CiText& value) {
    plan::RunOptions& run = target_.run;
    switch (field) {
      case BuildField::kNetwork:
        read_text("network", value, run.network);
        if (run.network == "default") run.network.clear();
        return;
      case BuildField::kAddHost:
        return read_list("add-hosts", value, run.add_hosts);
      case BuildField::kShmSize:
        return read_text("shm-size", value, run.shm_size);
      case BuildField::kUlimit:
        return read_list("ulimits", value, run.ulimits);
      case BuildField::kCgroupParent:
        return read_text("cgroup-parent", value, run.cgroup_parent);
      default:
        return;  // read with the context and the Dockerfile, or of no meaning
    }
  }

  void read_text(const char* attribute, const CiText& value, std::string& to) {
    note(attribute, value);
    to = value.text;
  }

  void read_list(const char* attribute, const CiText& value, std::vector<std::string>& to) {
    note(attribute, value);
    add_if_new(to, value.text);
  }

  // A name whose value is not given is that of the environment.
  void read_arg(const CiText& arg) {
    CiPair pair = split_pair(arg);
    if (pair.name.find('$') != std::string::npos) {
      note("args", arg);
      return;
    }
    const std::string attribute = "args." + pair.name;
    if (!pair.value) {
      pair.value = source_.environment ? source_.environment(pair.name) : std::nullopt;
      if (!pair.value) {
        add_if_new(target_.unknown, {attribute, fmt::format("is ${}", pair.name)});
        return;
      }
    }
    std::erase_if(target_.unknown, [&](const UnknownAttribute& one) { return one.attribute == attribute; });
    note(attribute, *pair.value);
    target_.args[pair.name] = pair.value->text;
  }

  void read_label(const CiText& label) {
    const bool known = note("labels", label);
    const CiPair pair = split_pair(label);
    if (known || pair.name.find('$') == std::string::npos)
      target_.labels[pair.name] = pair.value ? pair.value->text : std::string();
  }

  void read_named_context(const CiText& context) {
    const CiPair pair = split_pair(context);
    if (!pair.value) {
      note("contexts", context);
      return;
    }
    const bool scheme =
        pair.value->text.find("://") != std::string::npos || pair.value->text.starts_with(kTargetScheme);
    const CiText value = scheme ? *pair.value : folder_or_url(*pair.value);
    note("contexts." + pair.name, value);
    target_.contexts[pair.name] = value.text;
  }

  void read_platforms(const CiText& value) {
    if (!note("platforms", value)) return add_if_new(target_.platforms, value.text);
    std::string_view rest = value.text;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      add_if_new(target_.platforms, std::string(text::trim(rest.substr(0, comma))));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }

  void read_cache(const char* attribute, const CiText& value, std::vector<std::string>& to) {
    const bool known = note(attribute, value);
    const auto entries = cache_entries_of(value.text);
    if (entries) {
      for (const std::string& entry : *entries)
        add_if_new(to, entry);
    } else if (!known) {
      add_if_new(to, value.text);
    } else {
      fail(entries.error(), "write type=TYPE,KEY=VALUE");
    }
  }

  void fail(std::string message, std::string remedy) {
    const Origin& at = source_.defined.front();
    const bool known = std::ranges::any_of(failures_, [&](const text::Failure& one) {
      return one.path == at.path && one.line == at.line && one.message == message;
    });
    if (!known && failures_.size() < kMostTargetFailures)
      failures_.push_back({at.path, at.line, 1, std::move(message), std::move(remedy)});
  }

  const CiBuild& build_;
  const Workspace& workspace_;
  const CiSource& source_;
  const ReadOptions& options_;
  std::vector<text::Failure>& failures_;
  Target& target_;
  Workspace::Place remote_place_;  // of the context, if a job checks it out
  bool is_remote_ = false;
  bool is_known_ = true;  // the context is a folder of the repository
};

// A name of letters, digits, '.', '_' and '-'.
std::string clean_name(std::string_view text) {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  std::string name;
  for (const char c : text) {
    const bool leads = name.empty() && (c == '.' || c == '-');
    if (leads) continue;
    if (kCharacters.find(c) != std::string_view::npos) {
      name += c;
    } else if (!name.empty() && !name.ends_with('-')) {
      name += '-';
    }
  }
  while (name.ends_with('-'))
    name.pop_back();
  return name;
}

// As a part of a name; empty if it is not known.
std::string name_of_value(const std::string& value) {
  return value.find('$') == std::string::npos ? clean_name(value) : std::string();
}

bool has_unknown(const Target& target, std::string_view attribute) {
  return std::ranges::any_of(target.unknown,
                             [&](const UnknownAttribute& one) { return one.attribute == attribute; });
}

// "api" of `api.Dockerfile` and `Dockerfile.api`; empty for a plain name.
std::string name_of_file(std::string_view file) {
  for (const std::string_view plain : {"dockerfile", "containerfile"}) {
    const std::string lower = text::to_lower(file);
    if (lower.starts_with(plain) && file.size() > plain.size() + 1)
      return clean_name(file.substr(plain.size() + 1));
    if (lower.ends_with(plain) && file.size() > plain.size() + 1)
      return clean_name(file.substr(0, file.size() - plain.size() - 1));
  }
  return {};
}

// A name from where the files of a build are; empty if they are in the root.
std::string name_of_folder(const Target& target) {
  const bool context_known =
      !has_unknown(target, "context") && !is_remote(target.context) && target.context != cache::kNoContext;
  if (!has_unknown(target, "dockerfile")) {
    const std::string file =
        context_known ? text::join_path(target.context, target.dockerfile) : target.dockerfile;
    if (std::string name = name_of_file(text::base_name(file)); !name.empty()) return name;
    if (std::string name = clean_name(text::base_name(text::parent_path(file)));
        !name.empty() && name != "." && name != "..")
      return name;
  }
  if (!context_known || target.context == ".") return {};
  return clean_name(text::base_name(target.context));
}

std::string name_of_build(const CiBuild& build, const Target& target, const CiSource& source) {
  for (const auto& [field, value] : build.values) {
    if (field != BuildField::kTag) continue;
    if (std::string name = name_of_reference(value); !name.empty()) return name;
  }
  for (const std::string& image : source.images) {
    if (std::string name = name_of_reference(text_with_expressions(image)); !name.empty()) return name;
  }
  if (std::string name = name_of_folder(target); !name.empty()) return name;
  return clean_name(source.job).empty() ? "image" : clean_name(source.job);
}

void append_pairs(std::string& key, const Target::Pairs& pairs) {
  for (const auto& [name, value] : pairs)
    key += fmt::format("{}={}\n", name, value);
  key += '\f';
}
void append_list(std::string& key, const std::vector<std::string>& list) {
  for (const std::string& one : list)
    key += one + "\n";
  key += '\f';
}

// Two targets of the same key build the same, for other platforms or under other tags.
std::string key_of_target(const Target& target) {
  std::string key =
      fmt::format("{}\f{}\f{}\f{}\f", target.folder, target.context, target.dockerfile, target.target);
  if (target.dockerfile_inline) key += *target.dockerfile_inline;
  append_pairs(key, target.args);
  append_pairs(key, target.contexts);
  key += fmt::format("{}\f{}\f{}\f", target.run.network, target.run.shm_size, target.run.cgroup_parent);
  append_list(key, target.run.add_hosts);
  append_list(key, target.run.ulimits);
  append_list(key, target.no_cache_filter);
  for (const UnknownAttribute& unknown : target.unknown) {
    // Arguments that may be there.
    if (unknown.attribute.starts_with("args")) key += unknown.attribute + unknown.reason + "\f";
  }
  return key;
}

constexpr char kMark = '\x01';

// A reference with a mark for each part that is not known.
std::string with_marks(const CiText& reference) {
  std::string text = reference.text;
  for (const std::string& part : reference.unknown) {
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      text.replace(at, part.size(), 1, kMark);
  }
  return text;
}

bool has_mark(std::string_view text) {
  return text.find(kMark) != std::string_view::npos || text.find('$') != std::string_view::npos;
}

// The names of an image whose tags only CI knows.
void add_repositories(const CiBuild& build, const CiSource& source, Target& target) {
  for (const auto& [field, value] : build.values) {
    if (field == BuildField::kTag && !value.is_known())
      add_if_new(target.repositories, repository_of_reference(value));
  }
  for (const std::string& image : source.images)
    add_if_new(target.repositories, repository_of_reference(text_with_expressions(image)));
}

bool all_same(const std::vector<std::string>& values) {
  return std::ranges::all_of(values, [&](const std::string& value) { return value == values.front(); });
}

}  // namespace

std::string name_of_reference(const CiText& reference) {
  const std::string text = with_marks(reference);
  const std::string_view last = std::string_view(text).substr(text.rfind('/') + 1);
  const std::string_view name = last.substr(0, last.find_first_of(":@"));
  return has_mark(name) ? std::string() : clean_name(name);
}

std::string repository_of_reference(const CiText& reference) {
  const std::string text = with_marks(reference);
  const size_t end = std::min(text.find_first_of(":@", text.rfind('/') + 1), text.size());
  const std::string_view name = std::string_view(text).substr(0, end);
  return has_mark(name) ? std::string() : std::string(name);
}

void Workspace::add(Checkout checkout) {
  checkout.folder = text::clean_path(checkout.folder);
  std::erase_if(checkouts_, [&](const Checkout& known) { return known.folder == checkout.folder; });
  checkouts_.push_back(std::move(checkout));
}

Workspace::Place Workspace::locate(const CiText& path) const {
  const Checkout* nearest = nullptr;
  for (const Checkout& checkout : checkouts_) {
    const bool within = text::is_within(path.text, checkout.folder) && !is_outside(path.text);
    if (within &&
        (nearest == nullptr || checkout.folder.size() > nearest->folder.size() || nearest->folder == "."))
      nearest = &checkout;
  }
  if (nearest == nullptr) return {{}, path};
  CiText below = path;
  if (nearest->folder != ".") below.text.erase(0, nearest->folder.size() + 1);
  if (below.text.empty()) below.text = ".";
  return {nearest->remote, std::move(below)};
}

bool CiTargets::add(const CiBuild& build, const Workspace& workspace, const CiSource& source,
                    std::vector<text::Failure>& failures) {
  Target target;
  target.folder = root_;
  TargetReader(build, workspace, source, options_, failures, target).read();
  target.name = name_of_build(build, target, source);
  add_repositories(build, source, target);
  return add(std::move(target), source, false);
}

bool CiTargets::add(Target target, const CiSource& source) {
  return add(std::move(target), source, true);
}

bool CiTargets::add(Target target, const CiSource& source, bool is_named) {
  if (target.defined.empty()) target.defined = source.defined;
  target.purpose = source.purpose;
  std::string key = key_of_target(target);
  if (is_named) key += target.name;
  // What is not known may be something else in another job.
  const bool is_partial =
      std::ranges::any_of(kFiles, [&](std::string_view attribute) { return has_unknown(target, attribute); });
  if (is_partial) key += target.name + "\f" + source.job;
  characters_ += key.size();
  if (entries_.size() >= kMostTargets || characters_ > kMostCiCharacters) return false;
  const auto [known, is_new] = known_.emplace(std::move(key), entries_.size());
  if (is_new) {
    entries_.push_back({std::move(target), source.job, source.matrix, is_named});
  } else {
    merge(entries_[known->second].target, target);
  }
  return true;
}

namespace {

// A build imports what its own job says: of several jobs the first counts.
void merge_imports(Target& into, const Target& more) {
  if (more.cache_from.empty() || more.cache_from == into.cache_from) return;
  if (into.cache_from.empty()) {
    into.cache_from = more.cache_from;
    return;
  }
  const Origin& other = more.defined.front();
  const auto has_other = [&](const std::vector<Origin>& origins) {
    return std::ranges::find(origins, other) != origins.end();
  };
  // Jobs of one matrix are in one place.
  if (!has_other(into.defined) && !has_other(into.other_imports)) into.other_imports.push_back(other);
}

}  // namespace

void CiTargets::merge(Target& into, const Target& more) const {
  constexpr size_t kMostOrigins = 100;
  const auto add_all = [](std::vector<std::string>& to, const std::vector<std::string>& from) {
    for (const std::string& one : from)
      add_if_new(to, one);
  };
  add_all(into.platforms, more.platforms);
  add_all(into.tags, more.tags);
  add_all(into.repositories, more.repositories);
  if (more.purpose == Purpose::kBuild) into.purpose = Purpose::kBuild;
  add_all(into.annotations, more.annotations);
  into.labels.insert(more.labels.begin(), more.labels.end());
  merge_imports(into, more);
  add_all(into.cache_to, more.cache_to);
  add_all(into.secrets, more.secrets);
  add_all(into.ssh, more.ssh);
  add_all(into.other_inputs, more.other_inputs);
  for (const UnknownAttribute& unknown : more.unknown)
    add_if_new(into.unknown, unknown);
  for (const Origin& origin : more.defined) {
    const bool known = std::ranges::any_of(into.defined, [&](const Origin& one) {
      return one.kind == origin.kind && one.path == origin.path && one.line == origin.line;
    });
    if (!known && into.defined.size() < kMostOrigins) into.defined.push_back(origin);
  }
}

// Targets of the same name get what they differ in after it: the stage, values of the matrix, the job, or
// else a number.
void CiTargets::separate_names() {
  std::map<std::string, std::vector<size_t>> by_name;
  for (size_t i = 0; i < entries_.size(); ++i)
    by_name[entries_[i].target.name].push_back(i);
  for (const auto& [name, same] : by_name) {
    if (same.size() == 1) continue;
    const auto values = [this, &indexes = same](auto value_of) {
      std::vector<std::string> all;
      for (const size_t i : indexes)
        all.push_back(name_of_value(value_of(entries_[i])));
      return all;
    };
    separate(same, values([](const Entry& entry) { return entry.target.target; }));
    separate_by_matrix(same);
    separate(same, values([](const Entry& entry) { return name_of_folder(entry.target); }));
    separate(same, values([](const Entry& entry) { return entry.job; }));
  }
  std::set<std::string> taken;
  std::map<std::string, size_t> numbers;
  for (Entry& entry : entries_) {
    const std::string name = entry.target.name;
    while (!taken.insert(entry.target.name).second)
      entry.target.name = fmt::format("{}-{}", name, ++numbers.emplace(name, 1).first->second);
  }
}

// By the values that are short and make a difference to each, or else by all that differ.
void CiTargets::separate_by_matrix(const std::vector<size_t>& same) {
  std::map<std::string, std::vector<std::string>> axes;
  for (size_t i = 0; i < same.size(); ++i) {
    for (const auto& [axis, value] : entries_[same[i]].matrix) {
      auto& values = axes[axis];
      values.resize(same.size());
      values[i] = name_of_value(value);
    }
  }
  const std::vector<std::string>* best = nullptr;
  size_t shortest = 0;
  for (const auto& [axis, values] : axes) {
    const bool differ = std::set<std::string>(values.begin(), values.end()).size() == values.size();
    size_t length = 0;
    for (const std::string& value : values)
      length += value.size();
    if (!differ || (best != nullptr && length >= shortest)) continue;
    best = &values;
    shortest = length;
  }
  if (best != nullptr) return separate(same, *best);
  for (const auto& [axis, values] : axes)
    separate(same, values);
}

void CiTargets::separate(const std::vector<size_t>& same, const std::vector<std::string>& values) {
  std::set<std::string> names;
  for (const size_t i : same)
    names.insert(entries_[i].target.name);
  if (names.size() == same.size() || all_same(values)) return;
  for (size_t i = 0; i < same.size(); ++i) {
    std::string& name = entries_[same[i]].target.name;
    const bool has = name == values[i] || name.ends_with("-" + values[i]);
    if (!entries_[same[i]].is_named && !values[i].empty() && !has) name += "-" + values[i];
  }
}

std::vector<Target> CiTargets::take() {
  separate_names();
  std::vector<Target> targets;
  for (Entry& entry : entries_)
    targets.push_back(std::move(entry.target));
  entries_.clear();
  known_.clear();
  return targets;
}

}  // namespace dcache::project

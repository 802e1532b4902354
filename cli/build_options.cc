#include "cli/build_options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "dcache/context/boundary.h"
#include "dcache/context/disk.h"
#include "dcache/context/git.h"
#include "dcache/dockerfile/mount.h"
#include "dcache/lint/config.h"
#include "dcache/lint/configured_builder.h"
#include "dcache/plan/values.h"
#include "dcache/project/definitions.h"
#include "dcache/project/file_kinds.h"
#include "dcache/report/style.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"
#include "dcache/text/words.h"

// Headers of other systems do not declare it.
extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace dcache::cli {
namespace {

// Bake files are read as docker buildx 0.29 does, which the answers that they are tested with come from.
constexpr uint32_t kBuildx = 29;
constexpr const char* kBuildGroup = "Options of the build that change cache keys";

// Splits NAME=VALUE; false if there is no name.
bool split_pair(const std::string& pair, std::string& name, std::string& value) {
  const size_t equals = pair.find('=');
  name = pair.substr(0, equals);
  value = equals == std::string::npos ? "" : pair.substr(equals + 1);
  return !name.empty();
}

// Whether a limit is NAME=SOFT[:HARD], with numbers or -1 for none.
bool is_ulimit(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return false;
  std::string_view limits = text.substr(equals + 1);
  int64_t soft = 0, hard = 0;
  const auto read = [&](std::string_view number, int64_t& value) {
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), value);
    return failure == std::errc() && end == number.data() + number.size() && value >= -1;
  };
  const size_t colon = std::min(limits.find(':'), limits.size());
  if (!read(limits.substr(0, colon), soft)) return false;
  if (colon == limits.size()) return true;
  return read(limits.substr(colon + 1), hard) && (hard == -1 || (soft != -1 && soft <= hard));
}

// Says what is wrong with an option of the build.
bool check_builder_options(const BuildFlags& flags) {
  for (const std::string& host : flags.run.add_hosts) {
    const size_t separator = host.find_first_of("=:");
    const bool named = separator != 0 && separator != std::string::npos && separator + 1 < host.size();
    if (named && host.find(' ') == std::string::npos) continue;
    complain(fmt::format("--add-host {}: write HOST:ADDRESS", host));
    return false;
  }
  for (const std::string& ulimit : flags.run.ulimits) {
    if (is_ulimit(ulimit)) continue;
    complain(fmt::format("--ulimit {}: write NAME=SOFT or NAME=SOFT:HARD, such as nofile=1024", ulimit));
    return false;
  }
  if (!flags.run.shm_size.empty() && !dockerfile::read_size(flags.run.shm_size)) {
    complain(
        fmt::format("--shm-size {}: write bytes, or a number with a unit, such as 64m", flags.run.shm_size));
    return false;
  }
  return true;
}

bool read_pairs(const BuildFlags& flags, plan::Options& options) {
  std::string name, value;
  for (const std::string& pair : flags.build_args) {
    if (!split_pair(pair, name, value)) {
      complain(fmt::format("--build-arg {}: write NAME=VALUE", pair));
      return false;
    }
    // As with docker build, a name alone takes the value of the environment.
    if (pair.find('=') == std::string::npos) {
      const char* from_environment = std::getenv(name.c_str());
      if (from_environment == nullptr) continue;
      value = from_environment;
    }
    options.build_args[name] = value;
  }
  // As docker buildx passes it on.
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  if (epoch != nullptr && flags.builder == plan::Builder::kBuildkit)
    options.build_args.try_emplace("SOURCE_DATE_EPOCH", epoch);
  for (const std::string& pair : flags.build_contexts) {
    if (!split_pair(pair, name, value) || value.empty()) {
      complain(fmt::format("--build-context {}: write NAME=FOLDER or NAME=docker-image://REFERENCE", pair));
      return false;
    }
    options.named_contexts[name] = value;
  }
  return true;
}

}  // namespace

observe::Durations known_durations(const BuildFlags& flags) {
  return observe::Durations::open(flags.no_store ? "" : store_folder());
}

std::string shellcheck_folder() {
  const std::string folder = store_folder();
  return folder.empty() ? folder : folder + "/shellcheck";
}

std::string store_folder() {
  const std::string folder = text::cache_folder();
  return folder.empty() ? folder : folder + "/dcache";
}

Option& add_builder(Command& command, const std::function<void(plan::Builder)>& set) {
  std::vector<std::string> names;
  for (const std::string_view name : plan::builder_names())
    names.emplace_back(name);
  const auto take = [set](const std::string& name) {
    set(*plan::builder_of(name));
    return std::string();
  };
  return command.choice(
      "--builder", "NAME", std::move(names), take,
      "Builder to model: buildkit (default), classic (DOCKER_BUILDKIT=0) or buildah (also podman build)");
}

Option& add_builder(Command& command, BuildFlags& flags) {
  return add_builder(command, [&flags](plan::Builder builder) {
    flags.builder = builder;
    flags.builder_is_given = true;
  });
}

void add_build_options(Command& command, BuildFlags& flags, Dockerfiles dockerfiles) {
  const bool several = dockerfiles == Dockerfiles::kSeveral;
  command
      .texts("-f,--file", "FILE", flags.files,
             several
                 ? "Dockerfile, or a folder to search for Dockerfiles (default: Dockerfile in the context)"
                 : "Dockerfile (default: Dockerfile in the context)")
      .repeats = several;
  command.text(
      "--context", "DIR", flags.context,
      "Build context (default: as a definition says, or the nearest folder that has what the Dockerfile "
      "copies)");
  command.text("--target", "STAGE", flags.target, "Stage to build (default: the last)").names_of =
      Option::Names::kStages;
  command.texts("--build-arg", "NAME=VALUE", flags.build_args, "Value of an ARG");
  command.texts("--build-context", "NAME=DIR", flags.build_contexts, "Additional named context");
  command.text("--platform", "PLATFORM", flags.platform,
               "Platform to build for (default: the image's first, or linux/amd64)");
  add_image_options(command, flags);
  add_builder(command, flags);
}

void add_builder_options(Command& command, BuildFlags& flags) {
  const auto take_store = [&flags](const std::string& name) {
    flags.store = name == "overlay2" ? plan::Store::kOverlay2 : plan::Store::kContainerd;
    return std::string();
  };
  command
      .choice("--store", "NAME", {"containerd", "overlay2"}, take_store,
              "Image store of Docker: containerd (default), or overlay2, which ignores COPY --link (see "
              "docker info)")
      .group = kBuildGroup;
  Option& network = command.text("--network", "", flags.run.network, "Network of RUN");
  network.choices = {"default", "none", "host"};
  network.group = kBuildGroup;
  command.texts("--add-host", "HOST:ADDRESS", flags.run.add_hosts, "Additional host").group = kBuildGroup;
  command.texts("--ulimit", "NAME=SOFT[:HARD]", flags.run.ulimits, "Limit of RUN").group = kBuildGroup;
  command.text("--shm-size", "SIZE", flags.run.shm_size, "Size of /dev/shm").group = kBuildGroup;
  command.text("--hostname", "NAME", flags.run.hostname, "Host name of RUN").group = kBuildGroup;
  command.text("--cgroup-parent", "NAME", flags.run.cgroup_parent, "Parent cgroup of RUN").group =
      kBuildGroup;
}

void add_store_option(Command& command, BuildFlags& flags) {
  command.flag("--no-store", flags.no_store,
               "Hash all files again, and do not save the hashes for the next run");
}

void HashingLine::operator()(const context::HashingProgress& done) {
  line_.show(fmt::format("hashing files: {} of {}, {} of {}", done.files, done.all_files,
                         report::bytes_words(done.bytes), report::bytes_words(done.all_bytes)));
}

void hash_files(cache::Build& build, bool make_keys) {
  HashingLine line;
  build.hash_files(std::ref(line), {}, make_keys);
}

void add_project_options(Command& command, BuildFlags& flags, const ProjectOptionStyle& style) {
  command
      .texts("--definition", "FILE", flags.definitions,
             "Compose, bake, Skaffold or CI file that defines the images (default: those in the repository)")
      .group = style.group;
  Option& profile =
      command.texts(style.profile, "NAME", flags.profiles, "Profile of Compose or Skaffold to use");
  profile.separator = ',';
  profile.group = style.group;
  command
      .texts("--set", "TARGET.ATTRIBUTE=VALUE", flags.set,
             "Override an attribute of a target, as docker buildx bake --set does")
      .group = style.group;
}

void add_image_options(Command& command, BuildFlags& flags, const ProjectOptionStyle& style) {
  Option& image = command.texts(
      "--image", "NAME", flags.images,
      "Image of the repository, by the name that dcache images shows, in place of a Dockerfile");
  image.separator = ',';
  image.names_of = Option::Names::kImages;
  image.group = style.group;
  add_project_options(command, flags, style);
}

namespace {

// Adds what one --set says: nothing if it takes a variable that is not set.
bool read_override(const std::string& text, project::ReadOptions& options) {
  const size_t equals = text.find('=');
  const size_t dot = text.find('.');
  constexpr std::string_view kArguments = ".args.";
  const bool is_inherited = equals == std::string::npos && dot != std::string::npos &&
                            std::string_view(text).substr(dot).starts_with(kArguments) &&
                            text.size() > dot + kArguments.size();
  if (dot == 0 ||
      (!is_inherited && (equals == std::string::npos || dot == std::string::npos || dot + 1 >= equals))) {
    complain(fmt::format("--set {}: write TARGET.ATTRIBUTE=VALUE, such as api.args.VERSION=1", text));
    return false;
  }
  if (is_inherited) {
    const auto value = options.environment.find(text.substr(dot + kArguments.size()));
    if (value != options.environment.end())
      options.set.push_back({text.substr(0, dot), text.substr(dot + 1), value->second});
    return true;
  }
  const bool append = text[equals - 1] == '+';
  options.set.push_back({.target = text.substr(0, dot),
                         .attribute = text.substr(dot + 1, equals - dot - 1 - (append ? 1 : 0)),
                         .value = text.substr(equals + 1),
                         .append = append});
  return true;
}

}  // namespace

std::vector<std::string> readable_folders(const BuildFlags& flags, const std::vector<std::string>& named) {
  const auto top_of = [](const std::string& path) {
    const std::string folder = context::absolute_path(path);
    std::string root = context::repository_root(folder);
    return root.empty() ? folder : root;
  };
  std::vector<std::string> folders{top_of(".")};
  if (!flags.context.empty()) folders.push_back(flags.context);
  for (const std::string& pair : flags.build_contexts)
    folders.push_back(pair.substr(std::min(pair.find('=') + 1, pair.size())));
  std::error_code unknown;
  std::set<std::string> known;
  const auto add = [&](const std::string& path) {
    // Of a folder with many files, one is enough.
    if (known.contains(std::string(text::parent_path(path)))) return;
    const bool is_folder = std::filesystem::is_directory(text::system_path(path), unknown);
    const std::string folder = is_folder ? path : std::string(text::parent_path(path));
    if (!known.insert(folder).second) return;
    folders.push_back(top_of(folder));
    // A link that leads out of the repository is followed where somebody names it.
    std::string real = text::real_path(folder);
    if (!text::is_within(real, text::real_path(folders.back()))) folders.push_back(std::move(real));
  };
  std::ranges::for_each(named, add);
  std::ranges::for_each(flags.definitions, add);
  return folders;
}

std::shared_ptr<const context::FileSystem> disk_of(const BuildFlags& flags) {
  context::DiskOptions options;
  options.within = readable_folders(flags, flags.files);
  if (!flags.context.empty() && flags.context != cache::kNoContext) options.folders.push_back(flags.context);
  std::error_code unknown;
  for (const std::string& path : flags.files)
    (std::filesystem::is_directory(text::system_path(path), unknown) ? options.folders : options.named)
        .push_back(path);
  options.named.insert(options.named.end(), flags.definitions.begin(), flags.definitions.end());
  return context::disk_with(std::move(options));
}

std::shared_ptr<const context::FileSystem> files_of_configurations(const BuildFlags& flags) {
  context::DiskOptions options;
  options.within = readable_folders(flags, flags.files);
  if (!flags.config.empty()) options.named.push_back(flags.config);
  std::string above = lint::find_config(".", *context::disk());
  if (!above.empty() && !text::is_within(above, options.within.front()))
    options.named.push_back(std::move(above));
  return context::disk_with(std::move(options));
}

namespace {

// The builder that is meant where definitions leave it open, or CI alone names one. Settings are those of the
// work tree, whatever commits are compared.
void add_builder_choice(const BuildFlags& flags, project::ProjectOptions& options) {
  if (flags.builder_is_given) {
    options.builder = flags.builder;
    return;
  }
  const auto configured =
      std::make_shared<lint::ConfiguredBuilders>(files_of_configurations(flags), flags.config);
  options.configured_builder = [configured](const std::string& dockerfile) {
    return configured->of(dockerfile);
  };
}

}  // namespace

std::optional<project::ProjectOptions> project_options_of(const BuildFlags& flags) {
  project::ProjectOptions options;
  add_builder_choice(flags, options);
  cache::BuildOptions& build = options.build;
  build.context = flags.context;
  if (!flags.no_store) build.hash_store = store_folder();
  build.plan.builder = flags.builder;
  build.plan.target = flags.target;
  if (!flags.platform.empty()) build.plan.platform = flags.platform;
  build.plan.run = flags.run;
  build.plan.no_cache = flags.no_cache;
  build.plan.no_cache_filter = flags.no_cache_filter;
  build.plan.store = flags.store;
  if (!flags.platform.empty() && !plan::is_platform(flags.platform)) {
    complain(fmt::format("--platform {}: expected OS/ARCHITECTURE, such as linux/amd64 or linux/arm/v7",
                         flags.platform));
    return std::nullopt;
  }
  if (!check_builder_options(flags) || !read_pairs(flags, build.plan)) return std::nullopt;
  options.definitions = flags.definitions;
  options.read.is_named = !flags.definitions.empty();
  options.read.files = disk_of(flags);
  options.read.profiles = flags.profiles;
  options.read.environment = environment();
  options.read.buildx = kBuildx;
  for (const std::string& text : flags.set) {
    if (!read_override(text, options.read)) return std::nullopt;
  }
  return options;
}

void complain_of(const std::vector<cache::Failure>& failures) {
  constexpr size_t kShown = 5;
  // The search for a file and the reader of its kind may refuse it for the same reason.
  std::set<std::string> said;
  std::map<std::string_view, size_t> by_file;
  for (const cache::Failure& failure : failures) {
    if (!said.insert(text::words_of(failure)).second) continue;
    // What has no line is said for itself.
    const bool is_shown = failure.line == 0 || ++by_file[failure.path] <= kShown;
    if (is_shown) complain(text::words_of(failure));
  }
  for (const auto& [file, count] : by_file) {
    if (count > kShown)
      complain(fmt::format("{}: and {} more", file, text::counted(count - kShown, "error")));
  }
}

bool complain_of_problems(const cache::Build& build, bool all) {
  const std::vector<cache::Failure> failures = build.read_failures();
  complain_of(failures);
  bool well = failures.empty();
  for (const auto& [context, problem, step] : build.problems()) {
    const std::string path = context.empty() ? problem.path : context + ": " + problem.path;
    if (problem.kind == context::Problem::Kind::kNote) {
      complain(fmt::format("warning: {} {}", path, problem.reason));
    } else if (all && !step) {
      complain(fmt::format("can't read {}: {}", path, problem.reason));
      well = false;
    }
  }
  return well;
}

project::DiscoveredFiles find_files(const std::vector<std::string>& paths,
                                    const project::FindOptions& options, bool& failed) {
  project::DiscoveredFiles found = project::find_dockerfiles(paths, options);
  for (const std::string& problem : found.problems)
    complain(problem);
  failed = failed || !found.problems.empty();
  for (const std::string& warning : found.warnings)
    complain("warning: " + warning);
  for (const std::string& folder : found.without)
    complain(fmt::format("warning: no Dockerfile in the folder {}", folder));
  return found;
}

namespace {

// A name as git writes it when it has unusual characters: "a\303\244.txt" in double quotes.
std::string unquoted(const std::string& name) {
  if (name.size() < 2 || name.front() != '"' || name.back() != '"') return name;
  std::string result;
  for (size_t i = 1; i + 1 < name.size(); ++i) {
    if (name[i] != '\\') {
      result += name[i];
      continue;
    }
    const char next = name[++i];
    if (next >= '0' && next <= '7' && i + 3 < name.size()) {
      result += static_cast<char>((next - '0') * 64 + (name[i + 1] - '0') * 8 + (name[i + 2] - '0'));
      i += 2;
    } else {
      constexpr std::string_view kLetters = "abfnrtv", kMeant = "\a\b\f\n\r\t\v";
      const size_t letter = kLetters.find(next);
      result += letter == std::string_view::npos ? next : kMeant[letter];
    }
  }
  return result;
}

// "M\tmain.go", as git diff --name-status prints it.
bool has_status(const std::string& line) {
  constexpr std::string_view kLetters = "ACDMRTUXB", kDigits = "0123456789";
  const size_t tab = line.find('\t');
  if (tab == std::string::npos || tab == 0 || kLetters.find(line[0]) == std::string_view::npos) return false;
  return line.find_first_not_of(kDigits, 1) == tab && !context::disk()->exists(line);
}

bool is_tracked(const std::string& root, const std::string& path) {
  const auto repository = context::GitRepository::open(root);
  return repository && repository->tracks(path);
}

// Git lists names from the root of the repository, wherever it is run, and with --relative from the current
// folder. A name that may be both means both. None of them is a pattern, which an absolute path says.
void add_listed(const std::string& name, std::vector<std::string>& names) {
  if (text::is_absolute(name)) return names.push_back(name);
  const context::FileSystem& files = *context::disk();
  const std::string here = current_folder();
  const std::string root = context::repository_root(here);
  const bool is_below = !root.empty() && root != here;
  const bool is_here = files.exists(name), is_at_root = is_below && files.exists(root + "/" + name);
  const bool is_gone = !is_here && !is_at_root;
  // As an absolute path, it is not looked for at the root once more.
  const bool may_be_here = is_gone && files.exists(std::string(text::parent_path(name)));
  if (!is_below || is_here || may_be_here)
    names.push_back(text::has_wildcard(name) || (is_below && is_gone) ? here + "/" + name : name);
  if (is_below && (!is_here || is_at_root || is_tracked(root, name))) names.push_back(root + "/" + name);
}

}  // namespace

std::optional<std::vector<std::string>> read_names(const std::vector<std::string>& given) {
  std::vector<std::string> names;
  for (const std::string& name : given) {
    if (name != "-") {
      const std::string plain = unquoted(name);
      if (plain != name && !context::disk()->exists(name)) {
        add_listed(plain, names);
      } else {
        names.push_back(name);
      }
      continue;
    }
    const auto list = text::read_file("-");
    if (!list) {
      complain(list.error());
      return std::nullopt;
    }
    const bool by_null = list->find('\0') != std::string::npos;  // of git diff -z
    std::istringstream lines(*list);
    for (std::string line; std::getline(lines, line, by_null ? '\0' : '\n');) {
      if (line.ends_with('\r')) line.pop_back();
      if (has_status(line)) {
        complain("--changed -: there is a status before the name of a file; use git diff --name-only");
        return std::nullopt;
      }
      if (!line.empty()) add_listed(by_null ? line : unquoted(line), names);
    }
  }
  return names;
}

bool is_one_question(const std::vector<std::string>& changed, const std::vector<std::string>& since,
                     const std::vector<std::string>& git) {
  if (int{!changed.empty()} + int{!since.empty()} + int{!git.empty()} <= 1) return true;
  complain("--changed, --since and --git can't be combined: give one of them");
  return false;
}

void warn_of_outside(const std::vector<std::string>& names, bool all, const std::vector<std::string>& told) {
  for (const std::string& name : names) {
    if (text::has_wildcard(name) && !text::is_absolute(name)) {
      complain(fmt::format("warning: {} matches no file in a build context", name));
    } else if (all && std::ranges::find(told, name) == told.end()) {
      complain(fmt::format("warning: {} is in the build context of no image", name));
    }
  }
}

std::map<std::string, std::string, std::less<>> environment() {
  std::map<std::string, std::string, std::less<>> variables;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view text = *at;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace dcache::cli

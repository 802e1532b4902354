#include "cli/build_options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "dcache/dockerfile/mount.h"
#include "dcache/report/style.h"
#include "dcache/text/failure.h"

namespace dcache::cli {
namespace {

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
    const char* from_environment = std::getenv(name.c_str());
    if (pair.find('=') == std::string::npos && from_environment == nullptr) continue;
    options.build_args[name] = pair.find('=') == std::string::npos ? from_environment : value;
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

std::string shellcheck_folder() {
  const std::string folder = store_folder();
  return folder.empty() ? folder : folder + "/shellcheck";
}

std::string store_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::string(cache) + "/dcache";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.cache/dcache" : std::string();
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

void add_build_options(Command& command, BuildFlags& flags, Dockerfiles dockerfiles) {
  const bool several = dockerfiles == Dockerfiles::kSeveral;
  command
      .texts("-f,--file", "FILE", flags.files,
             several
                 ? "Dockerfile, or a folder to search for Dockerfiles (default: Dockerfile in the context)"
                 : "Dockerfile (default: Dockerfile in the context)")
      .repeats = several;
  command.text("--context", "DIR", flags.context,
               "Build context (default: the folder of the Dockerfile, or the current folder)");
  command.text("--target", "STAGE", flags.target, "Stage to build (default: the last)");
  command.texts("--build-arg", "NAME=VALUE", flags.build_args, "Value of an ARG");
  command.texts("--build-context", "NAME=DIR", flags.build_contexts, "Additional named context");
  command.text("--platform", "PLATFORM", flags.platform, "Platform to build for");
  add_builder(command, [&flags](plan::Builder builder) { flags.builder = builder; });
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

std::optional<cache::BuildOptions> build_options_of(const BuildFlags& flags, const std::string& file) {
  cache::BuildOptions options;
  options.dockerfile = file;
  options.context = flags.context;
  if (options.dockerfile.empty()) {
    const std::string context = options.context.empty() ? "." : options.context;
    options.dockerfile = context == "." ? "Dockerfile" : context + "/Dockerfile";
    options.context = context;
  }
  if (!flags.no_store) options.hash_store = store_folder();
  options.plan.builder = flags.builder;
  options.plan.target = flags.target;
  options.plan.platform = flags.platform;
  options.plan.run = flags.run;
  options.plan.no_cache = flags.no_cache;
  options.plan.no_cache_filter = flags.no_cache_filter;
  options.plan.store = flags.store;
  if (!check_builder_options(flags) || !read_pairs(flags, options.plan)) return std::nullopt;
  return options;
}

std::optional<cache::Build> load_build(const BuildFlags& flags, Ignored ignored) {
  auto options = build_options_of(flags, flags.files.empty() ? "" : flags.files.front());
  if (!options) return std::nullopt;
  options->measure_ignored = ignored == Ignored::kMeasured;
  auto build = cache::Build::load(*options);
  if (!build) {
    complain_of(build.error());
    return std::nullopt;
  }
  return std::move(*build);
}

void complain_of(const std::vector<cache::Failure>& failures) {
  for (const cache::Failure& failure : failures)
    complain(text::words_of(failure));
}

void warn_of(const cache::Build& build) {
  for (const context::Problem& problem : build.problems()) {
    complain(fmt::format("warning: {}: {}", problem.path, problem.message));
  }
}

std::vector<std::string> find_files(const std::vector<std::string>& paths,
                                    const project::FindOptions& options) {
  project::Found found = project::find_dockerfiles(paths, options);
  for (const std::string& folder : found.without)
    complain(fmt::format("warning: no Dockerfile in the folder {}", folder));
  return std::move(found.files);
}

std::string current_folder() {
  std::error_code failure;
  return std::filesystem::current_path(failure).string();
}

}  // namespace dcache::cli

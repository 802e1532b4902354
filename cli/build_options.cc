#include "cli/build_options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "dcache/dockerfile/mount.h"
#include "dcache/report/failure.h"
#include "dcache/report/style.h"

namespace dcache::cli {
namespace {

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

void add_build_options(CLI::App& command, BuildFlags& flags, Dockerfiles dockerfiles) {
  const bool several = dockerfiles == Dockerfiles::kSeveral;
  command
      .add_option("-f,--file", flags.files,
                  several ? "A Dockerfile, or a folder with some; may be given again (default: Dockerfile in "
                            "the context)"
                          : "The Dockerfile (default: Dockerfile in the context)")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(several ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw)
      ->allow_extra_args(false);
  command.add_option("--context", flags.context,
                     "The build context (default: the folder of -f, or the current folder)");
  command.add_option("--target", flags.target, "The stage to build (default: the last)");
  command.add_option("--build-arg", flags.build_args, "NAME=VALUE for an ARG; may be given again")
      ->allow_extra_args(false);
  command
      .add_option("--build-context", flags.build_contexts,
                  "NAME=FOLDER, a further context; may be given again")
      ->allow_extra_args(false);
  command.add_option("--platform", flags.platform, "What to build for")->capture_default_str();
  command
      .add_option("--builder", flags.builder,
                  "Who builds: buildkit, classic (DOCKER_BUILDKIT=0) or buildah (build --layers, podman)")
      ->transform(CLI::CheckedTransformer(builders_by_name()))
      ->type_name("NAME")
      ->option_text("NAME");
}

void add_builder_options(CLI::App& command, BuildFlags& flags) {
  constexpr const char* kGroup = "Options of the build that count";
  const std::map<std::string, plan::Store> stores = {{"containerd", plan::Store::kContainerd},
                                                     {"overlay2", plan::Store::kOverlay2}};
  command
      .add_option(
          "--store", flags.store,
          "Image store of Docker: containerd, or overlay2, which ignores COPY --link (see docker info)")
      ->transform(CLI::CheckedTransformer(stores))
      ->type_name("NAME")
      ->option_text("NAME")
      ->group(kGroup);
  command.add_option("--network", flags.run.network, "Network of RUN: default, none or host")
      ->check(CLI::IsMember({"default", "none", "host"}))
      ->type_name("MODE")
      ->group(kGroup);
  const auto repeatable = [&](const char* name, std::vector<std::string>& values, const char* text,
                              const char* type) {
    command.add_option(name, values, text)->allow_extra_args(false)->type_name(type)->group(kGroup);
  };
  repeatable("--add-host", flags.run.add_hosts, "Additional host, as HOST:ADDRESS; may be repeated", "HOST");
  repeatable("--ulimit", flags.run.ulimits, "Limit of RUN, as NAME=SOFT[:HARD]; may be repeated", "LIMIT");
  command.add_option("--shm-size", flags.run.shm_size, "Size of /dev/shm")->type_name("SIZE")->group(kGroup);
  command.add_option("--hostname", flags.run.hostname, "Host name of RUN")->type_name("NAME")->group(kGroup);
  command.add_option("--cgroup-parent", flags.run.cgroup_parent, "Parent cgroup of RUN")
      ->type_name("NAME")
      ->group(kGroup);
}

std::map<std::string, plan::Builder> builders_by_name() {
  std::map<std::string, plan::Builder> builders;
  for (const std::string_view name : plan::builder_names())
    builders[std::string(name)] = *plan::builder_of(name);
  return builders;
}

void add_store_option(CLI::App& command, BuildFlags& flags) {
  command.add_flag("--no-store", flags.no_store,
                   "Hash all files anew, and keep no hashes in the cache folder for the next run");
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
    complain(report::words_of(failure));
}

void warn_of(const cache::Build& build) {
  for (const context::Problem& problem : build.problems()) {
    complain(fmt::format("warning: {}: {}", problem.path, problem.message));
  }
}

std::string current_folder() {
  std::error_code failure;
  return std::filesystem::current_path(failure).string();
}

}  // namespace dcache::cli

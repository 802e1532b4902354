#include "rules/lock_files.h"

#include <algorithm>
#include <array>

#include "dcache/text/path.h"

namespace dcache::rules {
namespace {

constexpr std::string_view kNpm[] = {"package-lock.json", "npm-shrinkwrap.json"};
constexpr std::string_view kYarn[] = {"yarn.lock"};
constexpr std::string_view kPnpm[] = {"pnpm-lock.yaml"};
constexpr std::string_view kBun[] = {"bun.lock", "bun.lockb"};
constexpr std::string_view kCargo[] = {"Cargo.lock"};
constexpr std::string_view kUv[] = {"uv.lock"};
constexpr std::string_view kPipenv[] = {"Pipfile.lock"};
constexpr std::string_view kBundler[] = {"Gemfile.lock"};
constexpr std::string_view kMix[] = {"mix.lock"};
constexpr std::string_view kDotnet[] = {"packages.lock.json"};

constexpr std::string_view kUvVariables[] = {"UV_FROZEN=1", "UV_FROZEN=true", "UV_LOCKED=1",
                                             "UV_LOCKED=true"};
constexpr std::string_view kBundlerVariables[] = {"BUNDLE_FROZEN=1", "BUNDLE_FROZEN=true",
                                                  "BUNDLE_DEPLOYMENT=1", "BUNDLE_DEPLOYMENT=true"};

struct LockedInstall {
  std::string_view manager;
  std::string_view word;  // of the sub-command, or an option
  Words files;
  Words variables = {};  // that mean the same
};
constexpr auto kLocked = std::to_array<LockedInstall>({{"npm", "ci", kNpm},
                                                       {"npm", "clean-install", kNpm},
                                                       {"yarn", "--frozen-lockfile", kYarn},
                                                       {"yarn", "--immutable", kYarn},
                                                       {"pnpm", "--frozen-lockfile", kPnpm},
                                                       {"pnpm", "fetch", kPnpm},
                                                       {"bun", "--frozen-lockfile", kBun},
                                                       {"cargo", "--locked", kCargo},
                                                       {"cargo", "--frozen", kCargo},
                                                       {"uv", "--locked", kUv, kUvVariables},
                                                       {"uv", "--frozen", kUv},
                                                       {"pipenv", "sync", kPipenv},
                                                       {"pipenv", "--deploy", kPipenv},
                                                       {"pipenv", "--ignore-pipfile", kPipenv},
                                                       {"bundler", "--frozen", kBundler, kBundlerVariables},
                                                       {"bundler", "--deployment", kBundler},
                                                       {"mix", "--check-locked", kMix},
                                                       {"dotnet", "--locked-mode", kDotnet}});

}  // namespace

Words needed_locks(const Use& use, const plan::Step* step) {
  // What lists of packages in files say is all there is.
  if (use.action->installs == Action::Installs::kFiles) return {};
  const auto words = shell::invocation(*use.command);
  const auto found = std::ranges::find_if(kLocked, [&](const LockedInstall& one) {
    return one.manager == use.manager->name &&
           (shell::has_word(words, one.word) || (step != nullptr && sets_any(*step, one.variables)));
  });
  return found == kLocked.end() ? Words() : found->files;
}

std::string_view missing_lock(const lint::BuildContext& context, const Use& use, const plan::Step& step,
                              const InstallManifests& manifests) {
  const Words locks = needed_locks(use, &step);
  if (locks.empty()) return {};
  const auto is_lock = [&](const std::string& path) {
    return std::ranges::find(locks, text::base_name(path)) != locks.end();
  };
  const auto is_among = [&](std::string_view path) {
    return std::ranges::find(manifests.paths, path) != manifests.paths.end() ||
           std::ranges::find(manifests.others, path) != manifests.others.end();
  };
  const bool has_one = std::ranges::any_of(manifests.paths, is_lock);
  if (use.manager->name != "dotnet") return has_one ? std::string_view() : locks.front();
  // Each project has its own.
  const bool has_all = std::ranges::all_of(
      context.called(locks.front()), [&](const context::Record* record) { return is_among(record->path); });
  return has_all && (has_one || std::ranges::any_of(manifests.others, is_lock)) ? std::string_view()
                                                                                : locks.front();
}

}  // namespace dcache::rules

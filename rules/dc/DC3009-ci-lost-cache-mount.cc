#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/ci.h"
#include "rules/package_managers.h"

namespace dcache::rules::DC3009 {
namespace {

using lint::Dockerfile;
using lint::Run;

// Whether a use does nothing but fill a folder that packages are used from.
bool only_downloads(const Use& use) {
  return use.action->installs == Action::Installs::kManifest && !use.action->caches.empty() &&
         std::ranges::all_of(use.action->caches,
                             [&](std::string_view name) { return use.manager->cache(name).used_from; });
}

// The flag that mounts a cache which a use has packages in; null for none.
const dockerfile::Flag* package_mount(Dockerfile& dockerfile, const Run& run, const Use& use) {
  for (const std::string_view name : use.action->caches) {
    const Cache& cache = use.manager->cache(name);
    const auto path =
        cache.used_from ? cache_path(dockerfile, run, *use.manager, cache, use.command) : std::nullopt;
    for (size_t i = 0; path && i < run.mounts.size(); ++i) {
      const dockerfile::Mount& mount = run.mounts[i];
      if (mount.type == dockerfile::Mount::Type::kCache &&
          text::is_within(*path, text::clean_path(mount.target)))
        return run.mount_flags[i];
    }
  }
  return nullptr;
}

// The line of the first RUN after `run` that uses the packages, from a mount too; nothing if there is none.
std::optional<uint32_t> first_user(Dockerfile& dockerfile, const Run& run, const Use& download) {
  const std::vector<bool> is_after =
      holds_up_to(dockerfile.graph(), [&](size_t step) { return step == *run.step; });
  for (const Run& later : dockerfile.runs()) {
    if (!later.step || *later.step == *run.step || !is_after[*later.step]) continue;
    const bool uses = std::ranges::any_of(uses_of(dockerfile, later), [&](const Use& use) {
      return use.manager == download.manager && package_mount(dockerfile, later, use) != nullptr;
    });
    if (uses) return later.instruction->start_line;
  }
  return std::nullopt;
}

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  const auto has_cache = [](const dockerfile::Mount& mount) {
    return mount.type == dockerfile::Mount::Type::kCache;
  };
  for (const Run& run : dockerfile.runs()) {
    if (!run.step || std::ranges::none_of(run.mounts, has_cache)) continue;
    for (const Use& use : uses_of(dockerfile, run)) {
      const dockerfile::Flag* const mount =
          only_downloads(use) ? package_mount(dockerfile, run, use) : nullptr;
      if (mount == nullptr || !has_layers_without_mounts(dockerfile)) continue;
      const auto user = first_user(dockerfile, run, use);
      if (!user) continue;
      reporter.report(
          mount->span,
          fmt::format("the cache that CI imports has this step, but no cache mounts: if the step is reused, "
                      "line {} finds an empty mount and downloads everything again",
                      *user),
          fmt::format("leave this mount out, here and in line {}, so that the layer has the downloads; or "
                      "keep mounts between the runs of CI",
                      *user));
      break;
    }
  }
}

constexpr std::string_view kWorkflow =
    "on: push\njobs:\n  image:\n    runs-on: ubuntu-latest\n    steps:\n"
    "      - uses: docker/build-push-action@v6\n        with:\n          context: .\n"
    "          cache-from: type=gha\n          cache-to: type=gha,mode=max\n";
constexpr lint::ExampleFile kProject[] = {{".github/workflows/ci.yml", kWorkflow}, {"go.mod", "module x\n"}};
constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/ci/github-actions/cache/#cache-mounts",
    "https://docs.docker.com/build/cache/optimize/#use-cache-mounts"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC3009",
      .name = "ci-lost-cache-mount",
      .level = lint::Level::kInfo,
      .summary =
          "A step downloads packages into a cache mount, which the cache that CI imports does not have",
      .rationale =
          "A CI runner that starts empty has the layers that `cache-from` imports, and empty cache mounts: "
          "no "
          "cache contains these. A step such as `go mod download` with a mount leaves nothing in its layer. "
          "If "
          "it is reused from the imported cache, it does not run, and the step that needs the packages finds "
          "an empty mount and downloads all of them, in every run.\n\n"
          "Without the mount the packages are in the layer, which the cache has with `mode=max`. Leave it "
          "out "
          "in the later steps too, since it would hide the layer. Mounts of compilers, such as Go's "
          "`/root/.cache/go-build`, do no harm.\n\n"
          "This is only reported if all definitions that build the Dockerfile are of CI services and one of "
          "them imports a cache. A workflow that keeps the mounts themselves (`buildkit-cache-dance`) has no "
          "finding.",
      .bad = {"FROM golang:1.22\nWORKDIR /src\nCOPY go.mod ./\n"
              "RUN --mount=type=cache,target=/go/pkg/mod go mod download\nCOPY . .\n"
              "RUN --mount=type=cache,target=/go/pkg/mod go build -o /app .\n",
              kProject},
      .good = {"FROM golang:1.22\nWORKDIR /src\nCOPY go.mod ./\nRUN go mod download\nCOPY . .\n"
               "RUN --mount=type=cache,target=/root/.cache/go-build go build -o /app .\n",
               kProject},
      .references = kReferences,
      .needs_buildkit = true,
      .check = check};
}

}  // namespace dcache::rules::DC3009

// What can go wrong with a cache mount although the package manager finds it: what other builders lack, what
// a warm mount keeps too long, and what it hides.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// Whether a RUN is given what a later step that downloads again may lack: a secret, an agent, another source.
bool has_credentials(const lint::Run& run);

// Whether a use puts what the project makes itself among the packages: `mvn install`.
bool keeps_own_packages(const Use& use);
// Whether it is told by an option alone where packages come from: `mvn -s settings.xml`.
bool has_own_settings(const Use& use);

// Whether a package that a use builds on the way may be taken from the cache though its sources have changed.
bool may_keep_old(const Use& use);

// Whether what a use installs may be links into the cache, as pnpm 11 makes for global packages.
bool links_into_store(const Use& use);

// What tells a use to install links into the cache, in words: "UV_LINK_MODE=symlink". They lead nowhere where
// the cache was in a mount. Empty for nothing.
std::string links_by(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use);

// Whether a use only puts a file of the project into the folder that packages are used from: `mvn
// install:install-file`.
bool only_stores(const Use& use);

// Whether the project that a use installs the dependencies of is downloaded by a step, and not copied:
// nothing is known of its manifests.
bool has_downloaded_manifests(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use);

// Whether the variables, the working folder or the words of the RUN say that something else than a cache is
// at the folder or below it, such as what is installed: it would be in the mount, and not in the image.
bool has_other_files(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                     std::string_view folder);

// Whether other programs keep their files in the folder of a cache too, such as in ~/.cache.
bool is_shared_folder(const plan::Step& step, const Cache& cache, std::string_view folder);

// Of the steps of one file.
class MountRisks {
 public:
  // `gets_mount`: whether the caller judges by itself what the RUN leaves in the manager's folders, since it
  // may get a mount too.
  using GetsMount = std::function<bool(const lint::Run& run, const PackageManager& manager)>;
  MountRisks(lint::Dockerfile& dockerfile, GetsMount gets_mount)
      : dockerfile_(dockerfile), gets_mount_(std::move(gets_mount)) {}

  // Whether a step below the RUN, without a mount for them, may have put packages into the manager's folders:
  // a mount would hide them. The manager's own installs do not count here.
  bool may_be_filled(const lint::Run& run, const PackageManager& manager);

  // The command of an earlier RUN, without a mount, that puts files into the manager's cache by their names,
  // such as `npm cache add`: a mount would hide them. Null for none.
  const shell::Command* stored_before(const lint::Run& run, const PackageManager& manager);

  // Whether packages may be compiled in the RUN: a compiler or headers of C libraries are installed for that,
  // or it is told to.
  bool may_compile(const lint::Run& run, const Use& use);

  // Whether a build of Go may use C libraries, whose changes its build cache does not notice.
  // Source: https://pkg.go.dev/cmd/go#hdr-Build_and_test_caching
  bool may_compile_c(const lint::Run& run);

 private:
  bool may_fill(const lint::Run& run, const PackageManager& manager);

  lint::Dockerfile& dockerfile_;
  GetsMount gets_mount_;
  std::map<const PackageManager*, std::vector<bool>> filled_;  // after which steps
  bool has_compiler(const lint::Run& run);

  std::map<const PackageManager*, std::vector<const shell::Command*>> stored_;  // by each step or below it
  std::vector<bool> headers_;    // after which steps headers of C libraries are installed
  std::vector<bool> compilers_;  // the same of those and compilers
};

}  // namespace dcache::rules

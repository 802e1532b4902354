// What is known of the build that a Dockerfile is meant for: its context, image, builder and times.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/context/file_system.h"
#include "dcache/context/snapshot.h"
#include "dcache/ignore/matcher.h"
#include "dcache/lint/ignore_use.h"
#include "dcache/project/images.h"

namespace dcache::lint {

// Values that are worked out once for all who share them, over threads too: one for each type.
class SharedValues {
 public:
  // What `make` gives when the value is first asked for. `make` must not call this.
  template <typename T, typename Make>
  const T& get(const Make& make) const {
    const std::scoped_lock lock(mutex_);
    std::shared_ptr<void>& value = values_[std::type_index(typeid(T))];
    if (!value) value = std::make_shared<T>(make());
    return *static_cast<const T*>(value.get());
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::type_index, std::shared_ptr<void>> values_;
};

// The build context of a Dockerfile. Dockerfiles of one folder share it, over threads too.
struct BuildContext {
  context::Snapshot files;                // of the context, ignored ones left out
  std::string ignore_file;                // its path; empty if there is none
  std::optional<ignore::Matcher> ignore;  // what it says
  std::string folder;                     // of the context
  std::string suggested_ignore_file;      // where one would go
  // What all of it is read from.
  std::shared_ptr<const context::FileSystem> file_system = context::disk();
  // What the contexts of a run have in common, for what rules work out of files outside of them.
  std::shared_ptr<const SharedValues> of_run = std::make_shared<const SharedValues>();

  // The content of a file, by its path in the context.
  tl::expected<std::string, std::string> read(std::string_view path) const;

  // The records that are called so, in whatever folder.
  std::span<const context::Record* const> called(std::string_view name) const;
  // What `make` gives, called once for all Dockerfiles that share these files: for what rules work out of the
  // files alone; one value for each type. `make` must not call this.
  template <typename T, typename Make>
  const T& shared(const Make& make) const {
    return shared_.get<T>(make);
  }

 private:
  mutable std::mutex mutex_;
  SharedValues shared_;
  mutable std::vector<const context::Record*> by_name_;  // sorted by name; empty until it is asked for
};

// What is known of the build of one Dockerfile, found out when it is first asked for.
class BuildFacts {
 public:
  // Nothing is known.
  BuildFacts() = default;
  // Of the plan of a Dockerfile, which is null for other files: its context may depend on what it copies.
  using Files = std::function<std::shared_ptr<const BuildContext>(const plan::Graph*)>;
  // `load` gives the context, or null.
  template <typename Load>
  requires std::is_invocable_r_v<std::shared_ptr<const BuildContext>, Load> BuildFacts(Load load)
      : parts_{.files = [load = std::move(load)](const plan::Graph*) { return load(); }} {}
  // What gives each of the answers below; empty functions give none.
  using Names = std::shared_ptr<const project::ImageFinder::References>;
  // An image that the repository builds.
  struct BuiltImage {
    std::vector<std::string> shell;  // what starts its RUNs, "/bin/sh" and "-c" by default
    std::string base;                // the image that it starts from; empty for one that is not known
    bool sets_workdir = false;       // its Dockerfile says what its working directory is
  };
  struct Parts {
    Files files = {};
    std::function<std::shared_ptr<const project::Image>()> image = {};
    std::function<std::span<const project::Image>()> images = {};
    std::function<std::optional<plan::Builder>()> builder = {};
    std::function<Names()> names = {};
    std::function<std::string()> built_on = {};
    std::function<std::optional<BuiltImage>(std::string_view)> built_image = {};
    std::function<std::shared_ptr<const IgnoreFileUse>()> ignore_use = {};
    std::function<std::optional<double>(const plan::Graph&, size_t)> seconds = {};
    std::function<std::optional<text::Failure>()> failure = {};
    bool context_is_given = false;
    std::string dockerfile = {};
  };
  explicit BuildFacts(Parts parts) : parts_(std::move(parts)) {}

  // Null where nothing is known.
  std::shared_ptr<const BuildContext> build_context(const plan::Graph* graph = nullptr) const {
    return parts_.files ? parts_.files(graph) : nullptr;
  }
  // The build that definitions mean for the Dockerfile, or null.
  std::shared_ptr<const project::Image> image() const { return parts_.image ? parts_.image() : nullptr; }
  // All builds that definitions mean for the Dockerfile, image() first. They live as long as this.
  std::span<const project::Image> images() const {
    return parts_.images ? parts_.images() : std::span<const project::Image>();
  }
  // The builder that builds the Dockerfile, if it is known; of several the classic one, which can do least.
  std::optional<plan::Builder> builder() const { return parts_.builder ? parts_.builder() : std::nullopt; }
  // The names whose meaning definitions decide, as plan::normal_reference() spells them: named contexts of
  // the builds of the Dockerfile, and images that the repository builds. Null where nothing is known.
  Names names() const { return parts_.names ? parts_.names() : nullptr; }
  // The name of an image that definitions build on one of the Dockerfile. Empty for none.
  std::string built_on() const { return parts_.built_on ? parts_.built_on() : std::string(); }
  // What is known of the image of one of these names, if the repository builds it.
  std::optional<BuiltImage> built_image(std::string_view name) const {
    return parts_.built_image ? parts_.built_image(name) : std::nullopt;
  }
  // How long a step of a plan of the Dockerfile took when it was built last. Nothing where that is not known.
  std::optional<double> seconds_of(const plan::Graph& graph, size_t step) const {
    return parts_.seconds ? parts_.seconds(graph, step) : std::nullopt;
  }
  // Why nothing is known of the files, once they were asked for: an ignore file that can't be read.
  std::optional<text::Failure> failure() const { return parts_.failure ? parts_.failure() : std::nullopt; }
  // The path of the Dockerfile; empty where it is not known.
  const std::string& dockerfile() const { return parts_.dockerfile; }
  // Whether the user named the context.
  bool context_is_given() const { return parts_.context_is_given; }
  // Which ignore files the builds of the repository read. Null where they are not known.
  std::shared_ptr<const IgnoreFileUse> ignore_use() const {
    return parts_.ignore_use ? parts_.ignore_use() : nullptr;
  }

 private:
  Parts parts_;
};

// Walks the folder of a context; `ignore` is the file that counts there (cache::load_ignore_file). Null where
// the folder can't be read.
std::shared_ptr<const BuildContext> read_build_context(
    const std::string& folder, cache::IgnoreFile ignore,
    std::shared_ptr<const context::FileSystem> files = context::disk(),
    std::shared_ptr<const SharedValues> of_run = std::make_shared<const SharedValues>());

// Gives the facts of many Dockerfiles and ignore files. A folder is walked once, when it is first asked for,
// for all Dockerfiles in it that have the same ignore file. Safe to use from many threads; what it gives must
// not outlive it.
class BuildFactsFinder {
 public:
  // How long a step of a Dockerfile took when it was built last; called from many threads.
  using Seconds = std::function<std::optional<double>(const std::string& dockerfile, const plan::Graph& graph,
                                                      size_t step)>;
  // Without `images` the context of a Dockerfile is its folder.
  explicit BuildFactsFinder(std::shared_ptr<const context::FileSystem> files = context::disk(),
                            std::shared_ptr<project::ImageFinder> images = nullptr, Seconds seconds = {})
      : files_(std::move(files)), images_(std::move(images)), seconds_(std::move(seconds)) {}

  // Of a Dockerfile; an empty `context` is that of the image that is built from it. That image is the first
  // that definitions build from it, unless it is given.
  BuildFacts of(const std::string& dockerfile, const std::string& context = {},
                std::shared_ptr<const project::Image> image = nullptr);
  // What can't be read of the ignore files so far, each once: of their contexts nothing is known.
  std::vector<text::Failure> failures() const;
  // Of an ignore file that says `text`.
  BuildFacts within(const std::string& ignore_file, const std::string& text, const std::string& context = {});

 private:
  // A folder is walked by the first who asks; others wait for it, but not those who ask for another folder.
  struct CachedContext {
    std::once_flag walked;
    std::shared_ptr<const BuildContext> build_context;
  };
  std::string context_of_ignore_file(const std::string& path) const;
  std::shared_ptr<const IgnoreFileUse> ignore_use(const std::string& folder);
  // Remembers why the ignore file can't be read.
  void keep(const text::Failure& failure);
  std::shared_ptr<const BuildContext> load(const std::string& folder, cache::IgnoreFile ignore);

  std::shared_ptr<const context::FileSystem> files_;
  std::shared_ptr<project::ImageFinder> images_;
  Seconds seconds_;
  std::shared_ptr<const SharedValues> of_run_ = std::make_shared<const SharedValues>();
  mutable std::mutex mutex_;
  std::vector<text::Failure> failures_;
  std::map<std::pair<std::string, std::string>, CachedContext> known_;  // by folder and ignore file
  // By project: these live as long as the finder.
  std::map<const project::Project*, std::shared_ptr<const IgnoreFileUse>> ignore_uses_;
};

}  // namespace dcache::lint

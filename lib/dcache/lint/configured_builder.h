// The builder that configurations name for Dockerfiles: `builder` of .dcache.toml. For the commands that
// judge steps, which have no use for the rest of a configuration.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "dcache/context/file_system.h"
#include "dcache/plan/builder.h"
#include "dcache/text/failure.h"

namespace dcache::lint {

// Reads each configuration once. Safe to use from many threads.
class ConfiguredBuilders {
 public:
  using Answer = tl::expected<std::optional<plan::Builder>, text::Failure>;

  // `config` holds for all Dockerfiles; empty: the nearest above each.
  explicit ConfiguredBuilders(std::shared_ptr<const context::FileSystem> files, std::string config = {})
      : files_(std::move(files)), config_(std::move(config)) {}

  // Fails if the configuration names a builder that does not exist. What else is wrong with it, lint says.
  Answer of(const std::string& dockerfile);

 private:
  Answer read(const std::string& config) const;

  std::shared_ptr<const context::FileSystem> files_;
  std::string config_;
  std::mutex mutex_;
  std::map<std::string, Answer, std::less<>> by_folder_;  // of the Dockerfile
};

}  // namespace dcache::lint

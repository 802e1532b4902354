#include "dcache/lint/configured_builder.h"

#include <utility>

#include "dcache/lint/config.h"
#include "dcache/text/path.h"

namespace dcache::lint {

ConfiguredBuilders::Answer ConfiguredBuilders::of(const std::string& dockerfile) {
  const std::string folder(text::parent_path(dockerfile));
  const std::scoped_lock lock(mutex_);
  const auto known = by_folder_.find(folder);
  if (known != by_folder_.end()) return known->second;
  Answer answer = read(config_.empty() ? find_config(folder, *files_) : config_);
  by_folder_.emplace(folder, answer);
  return answer;
}

ConfiguredBuilders::Answer ConfiguredBuilders::read(const std::string& config) const {
  if (config.empty() || is_hadolint_config(config)) return std::nullopt;
  const auto text = files_->read(config);
  if (!text) return std::nullopt;
  auto builder = read_builder(*text);
  if (builder) return *builder;
  ConfigError& error = builder.error();
  return tl::unexpected(
      text::Failure{config, error.line, error.column, std::move(error.message), std::move(error.remedy)});
}

}  // namespace dcache::lint

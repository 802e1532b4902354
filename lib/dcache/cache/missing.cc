#include "dcache/cache/missing.h"

#include <fmt/format.h>

#include "dcache/context/git.h"
#include "dcache/context/sparse_checkout.h"
#include "dcache/context/submodules.h"
#include "dcache/text/path.h"

namespace dcache::cache {

MissingFile missing_file(const Build& build, const Cause& cause) {
  const context::FileSystem& files = *build.options().files;
  const std::string folder = files.real_path(build.options().context);
  const std::string place = text::clean_path(folder + '/' + cause.path);
  const std::string name = fmt::format("{} (line {})", cause.path, cause.line);
  const context::Record* const record = build.context().find(text::clean_path(cause.path));
  if (record != nullptr && record->type == context::Type::kSymlink) {
    const std::string& target = record->target;
    const std::string from_root = target.starts_with('/')
                                      ? target.substr(1)
                                      : text::join_path(std::string(text::parent_path(record->path)), target);
    if (build.context().find(text::clean_path(from_root)) != nullptr)
      return {fmt::format("{} is a link that changes: it may lead to nothing", name)};
    return {fmt::format("{} is a link to {}, which does not exist in the context", name, target)};
  }
  const ignore::Decision decision = build.ignore().matcher.decide(text::clean_path(cause.path));
  if (record == nullptr && decision.ignored && decision.pattern != nullptr && files.exists(place))
    return {fmt::format("{} is ignored by '{}' ({}:{})", name, decision.pattern->written, build.ignore().path,
                        decision.pattern->line)};
  std::string missing = name + " does not exist in the context";
  const std::string submodule = context::missing_submodule(context::repository_root(folder), place, files);
  if (context::is_left_out_of_checkout(place))
    return {fmt::format("{}: the sparse checkout leaves it out (git sparse-checkout add)", missing)};
  if (submodule.empty()) return {std::move(missing), true};
  return {fmt::format("{}: the git submodule {} is not checked out (git submodule update --init)", missing,
                      submodule)};
}

}  // namespace dcache::cache

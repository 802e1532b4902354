#include "cli/planned.h"

#include <fmt/format.h>

#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/sparse_checkout.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"

namespace dcache::cli {

StepSeconds step_seconds(const observe::Durations& durations, const std::string& dockerfile) {
  return [&durations, real = text::real_path(dockerfile)](const plan::Graph& graph, size_t step) {
    return durations.find(observe::Durations::key_of(graph, step, real));
  };
}

std::optional<cache::PlannedFile> plan_image(const project::Image& image) {
  if (!image.remote.empty()) {
    complain_of_unknown(image, image.remote);
    return std::nullopt;
  }
  const cache::BuildOptions& build = image.build;
  auto text = cache::read_dockerfile(build, *build.files);
  if (!text) {
    complain(
        context::is_left_out_of_checkout(build.dockerfile)
            ? fmt::format("the sparse checkout leaves out {}; {}", build.dockerfile, context::kAddToCheckout)
            : text.error());
    return std::nullopt;
  }
  cache::PlannedFile planned = cache::plan_file(build.dockerfile, std::move(*text), build.plan);
  complain_of(planned.failures);
  if (!planned.failures.empty()) return std::nullopt;
  return planned;
}

}  // namespace dcache::cli

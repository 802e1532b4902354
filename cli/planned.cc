#include "cli/planned.h"

#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"

namespace dcache::cli {

StepSeconds step_seconds(const observe::Durations& durations, const std::string& dockerfile) {
  return [&durations, real = text::real_path(dockerfile)](const plan::Graph& graph, size_t step) {
    return durations.find(observe::Durations::key_of(graph, step, real));
  };
}

std::optional<Planned> plan_image(const project::Image& image) {
  if (!image.remote.empty()) {
    complain_of_unknown(image, image.remote);
    return std::nullopt;
  }
  const cache::BuildOptions& build = image.build;
  auto text = build.dockerfile_text ? tl::expected<std::string, std::string>(*build.dockerfile_text)
                                    : build.files->read(build.dockerfile);
  if (!text) {
    complain(text.error());
    return std::nullopt;
  }
  Planned planned;
  planned.file = std::make_unique<dockerfile::File>(dockerfile::parse(std::move(*text)));
  planned.graph = plan::build_graph(*planned.file, build.plan);
  std::vector<text::Failure> failures;
  for (const dockerfile::Error& error : planned.file->errors())
    failures.push_back({build.dockerfile, error.line, 0, error.message, error.remedy});
  if (const plan::Error* error = planned.graph.first_error(); failures.empty() && error != nullptr)
    failures.push_back({build.dockerfile, error->line, 0, error->message, error->remedy});
  complain_of(failures);
  if (!failures.empty()) return std::nullopt;
  return planned;
}

}  // namespace dcache::cli

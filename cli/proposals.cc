#include "cli/proposals.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "cli/patches.h"
#include "cli/planned.h"
#include "cli/terminal.h"
#include "dcache/context/disk.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/linters.h"
#include "dcache/text/edit.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"

namespace dcache::cli {
namespace {

// The images of one Dockerfile.
struct DockerfileImages {
  std::string path;
  std::vector<size_t> images;
};

class Proposer {
 public:
  Proposer(const ProposalFlags& flags, const project::ProjectOptions& project, const Replayer& replayer,
           const observe::Durations& durations, const Selection& selection, bool& failed)
      : options_(flags),
        replayer_(replayer),
        selection_(selection),
        failed_(failed),
        files_(project.read.files),
        configurations_(files_of_configurations(replayer.flags())),
        images_(std::make_shared<project::ImageFinder>(project)),
        durations_(durations) {}

  std::vector<optimize::Proposal> run() {
    std::vector<optimize::Proposal> proposals;
    for (const DockerfileImages& dockerfile : dockerfiles()) {
      if (auto proposal = propose(dockerfile)) proposals.push_back(std::move(*proposal));
    }
    return proposals;
  }

 private:
  std::vector<DockerfileImages> dockerfiles() const {
    std::vector<DockerfileImages> dockerfiles;
    for (const size_t index : selection_.meant) {
      const project::Image& image = selection_.project.images[index];
      if (!image.remote.empty() || image.build.dockerfile_text) {
        complain(
            fmt::format("{} is left out: {}", image.target.name,
                        image.remote.empty() ? "its Dockerfile is a part of its definition" : image.remote));
        continue;
      }
      const std::string path = context::disk()->real_path(image.build.dockerfile);
      const auto known = std::ranges::find(dockerfiles, path, &DockerfileImages::path);
      if (known == dockerfiles.end()) {
        dockerfiles.push_back({path, {index}});
      } else {
        known->images.push_back(index);
      }
    }
    return dockerfiles;
  }

  std::optional<optimize::Proposal> propose(const DockerfileImages& group) {
    const project::Image& first = selection_.project.images[group.images.front()];
    const std::string& dockerfile = first.build.dockerfile;
    lint::Linters linters(lint::catalogue(),
                          {.config = replayer_.flags().config, .files = configurations_.get()});
    const lint::Linters::Entry& entry = linters.of(dockerfile);
    if (entry.failure) {
      complain(text::words_of(*entry.failure));
      failed_ = true;
      return std::nullopt;
    }
    lint::BuildFactsFinder facts(files_, images_);
    const bool is_defined = first.origin().kind != project::DefinitionKind::kDockerfile;
    const auto image = is_defined ? std::make_shared<const project::Image>(first) : nullptr;
    optimize::Options options{.objects = replayer_.shared_objects(),
                              .commits = replayer_.commits(),
                              .here = current_folder(),
                              .least_gain = options_.least_gain,
                              .unsafe = options_.unsafe_fixes,
                              .config = entry.config};
    options.facts = facts.of(dockerfile, replayer_.flags().context, image);
    options.seconds = step_seconds(durations_, dockerfile);
    ProgressLine line;
    options.progress = [&](size_t done, size_t all) {
      line.show(fmt::format("{}: trying {} of {}", dockerfile, std::min(done + 1, all), all));
    };
    auto proposal = optimize::propose(selection_.project, group.images, options);
    if (proposal) return std::move(*proposal);
    complain(fmt::format("{}: {}", dockerfile, proposal.error()));
    failed_ = true;
    return std::nullopt;
  }

  const ProposalFlags& options_;
  const Replayer& replayer_;
  const Selection& selection_;
  bool& failed_;
  std::shared_ptr<const context::FileSystem> files_, configurations_;
  std::shared_ptr<project::ImageFinder> images_;
  const observe::Durations& durations_;
};

}  // namespace

void add_proposal_options(Command& command, ProposalFlags& flags, BuildFlags& build) {
  command.number("--min-gain", "COUNT", flags.least_gain,
                 "Leave out changes that save fewer rebuilds of steps, over all commits");
  command.flag("--unsafe-fixes", flags.unsafe_fixes, "Also propose changes that may change the image");
  command.text("--config", "FILE", build.config,
               "Configuration file whose ignored rules and builder count (default: as for dcache lint)");
}

std::vector<optimize::Proposal> propose(const ProposalFlags& flags, const Replayer& replayer,
                                        const observe::Durations& durations, const Selection& selection,
                                        bool& failed) {
  const auto options = project_options_of(replayer.flags());
  if (options) return Proposer(flags, *options, replayer, durations, selection, failed).run();
  failed = true;
  return {};
}

std::vector<FileChange> changes_of(const optimize::Proposal& proposal, std::set<std::string>& shown) {
  std::vector<FileChange> changes = {{proposal.dockerfile, proposal.before, proposal.after}};
  for (const lint::Fix& file : proposal.new_files) {
    if (!shown.insert(text::real_path(file.new_file)).second) continue;
    auto before = text::read_regular_file(file.new_file);
    changes.push_back(
        {file.new_file, before ? std::optional(std::move(*before)) : std::nullopt, file.new_file_content});
  }
  return changes;
}

}  // namespace dcache::cli

#include "dcache/report/graph.h"

#include <algorithm>
#include <deque>
#include <memory>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/planned.h"
#include "cli/question.h"
#include "cli/replaying.h"
#include "cli/terminal.h"
#include "dcache/project/needs.h"
#include "dcache/text/failure.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  QuestionFlags question;
  uint32_t history = 0;
  bool steps = false;
  std::string format = "text";
};

class Session {
 public:
  explicit Session(const Options& options)
      : options_(options), question_(options.question, options.build, failed_) {}

  int run() {
    if (!answer()) return kError;
    durations_ = known_durations(options_.build);
    std::string out;
    const bool shows_images = selection().meant.size() > 1 && !options_.steps;
    if (shows_images) {
      append_images(out);
    } else {
      append_steps(out);
    }
    print_and_clear(out);
    return failed_ ? kError : kOk;
  }

 private:
  bool is_asked() const { return options_.question.is_given(); }
  const Selection& selection() const { return is_asked() ? question_.selection() : selection_; }

  bool answer() {
    if (is_asked() && options_.history != 0) {
      complain(
          "--history colors steps by how often they rebuilt: leave it out, or the change that is asked "
          "about");
      return false;
    }
    if (options_.history != 0 && !replay()) return false;
    if (is_asked())
      return is_one_question(options_.question.changed, options_.question.since, options_.question.git) &&
             question_.answer();
    selection_ = select_images(options_.build, failed_);
    return !selection_.meant.empty();
  }

  bool replay() {
    flags_.most = options_.history;
    Replayer replayer(flags_, options_.build);
    if (!replayer.open() || !replayer.has_work_tree("graph")) return false;
    auto history = replayer.replay();
    if (history) history_ = std::move(*history);
    return history.has_value();
  }

  // Null, with a note on standard error if there is a history, for an image that it does not have.
  const history::ImageHistory* history_of(const project::Image& image) const {
    const history::ImageHistory* const found = find_history(history_, image);
    if (found == nullptr && options_.history != 0)
      complain(fmt::format("note: the newest commit has no image {}, so there are no counts for it",
                           image.target.name));
    return found;
  }

  const project::ImageEffect* effect_of(size_t place) const {
    return is_asked() ? question_.effects()[place] : nullptr;
  }

  void append_images(std::string& out) {
    std::vector<project::Image> images = selection().project.images;
    project::add_needs(images);
    std::vector<report::ImageNode> nodes;
    const std::vector<size_t> shown = shown_images(images);
    for (const size_t index : shown) {
      const project::Target& target = images[index].target;
      report::ImageNode node{.name = target.name, .dockerfile = images[index].build.dockerfile, .needs = {}};
      for (const std::string& need : target.needs) {
        const auto found = std::ranges::find(shown, need, [&](size_t at) { return images[at].target.name; });
        if (found != shown.end()) node.needs.push_back(static_cast<size_t>(found - shown.begin()));
      }
      const auto meant = std::ranges::find(selection().meant, index);
      if (meant != selection().meant.end()) {
        const auto* effect = effect_of(static_cast<size_t>(meant - selection().meant.begin()));
        if (effect != nullptr) node.state = project::name_of(effect->effect);
      }
      if (const auto* history = history_of(images[index]))
        node.frequency = report::Frequency{history->built - history->unchanged, 0, history->built};
      nodes.push_back(std::move(node));
    }
    report::set_layers(nodes);
    if (options_.format == "text") {
      report::append_graph(nodes, report::Style(use_colour()), out);
    } else {
      append_diagrams({report::diagram_of(nodes)}, out);
    }
  }

  // Those that are meant, and those that they need.
  std::vector<size_t> shown_images(const std::vector<project::Image>& images) const {
    std::vector<size_t> shown = selection().meant;
    for (size_t i = 0; i < shown.size(); ++i) {
      for (const std::string& need : images[shown[i]].target.needs) {
        const auto found =
            std::ranges::find(images, need, [](const project::Image& image) { return image.target.name; });
        const auto index = static_cast<size_t>(found - images.begin());
        if (found != images.end() && std::ranges::find(shown, index) == shown.end()) shown.push_back(index);
      }
    }
    return shown;
  }

  void append_steps(std::string& out) {
    std::vector<report::Diagram> diagrams;
    bool is_first = true;
    for (size_t place = 0; place < selection().meant.size(); ++place) {
      const auto view = view_of(place);
      if (!view) continue;
      if (options_.format != "text") {
        diagrams.push_back(report::diagram_of(*view));
        continue;
      }
      if (!is_first) out += '\n';
      is_first = false;
      report::append_graph(*view, report::Style(use_colour()), out);
    }
    if (options_.format != "text") append_diagrams(diagrams, out);
  }

  void append_diagrams(const std::vector<report::Diagram>& diagrams, std::string& out) const {
    if (options_.format == "dot") return report::append_dot(diagrams, out);
    if (options_.format == "mermaid") return report::append_mermaid(diagrams, out);
    report::append_svg(diagrams, out);
  }

  // Nothing, with a word on standard error, for an image that can't be planned.
  std::optional<report::BuildView> view_of(size_t place) {
    const project::Image& image = selection().project.images[selection().meant[place]];
    report::ViewSource source{.name = image.target.name, .dockerfile = image.build.dockerfile};
    source.history = history_of(image);
    source.seconds = step_seconds(durations_, image.build.dockerfile);
    const project::ImageEffect* effect = effect_of(place);
    std::string occasion;
    if (effect != nullptr && effect->all_steps == nullptr) {
      complain_of(effect->failures);
      if (effect->failures.empty()) complain_of_unknown(image, effect->reason);
      failed_ = true;
      return std::nullopt;
    }
    if (effect != nullptr) {
      source.graph = &effect->all_steps->build.graph();
      source.report = &effect->all_steps->report;
      occasion = question_.occasion(*effect);
    } else if (auto planned = plan_image(image)) {
      planned_.push_back(std::move(*planned));
      source.graph = planned_.back().graph.get();
    } else {
      failed_ = true;
      return std::nullopt;
    }
    report::BuildView view = report::view_of(source);
    view.occasion = std::move(occasion);
    return view;
  }

  const Options& options_;
  bool failed_ = false;
  Question question_;
  HistoryFlags flags_;
  history::History history_;
  Selection selection_;
  observe::Durations durations_;
  std::deque<cache::PlannedFile> planned_;
};

}  // namespace

Command graph_command() {
  auto options = std::make_shared<Options>();
  Command command("graph", "Show what depends on what: stages and steps, or the images of the repository");
  add_build_options(command, options->build, Dockerfiles::kSeveral);
  add_question_options(command, options->question);
  command.number("--history", "COUNT", options->history,
                 "Color by how often each step would have been rebuilt over the last COUNT commits");
  command.flag("--steps", options->steps,
               "Of several images, show the steps of each, and not only the images");
  add_store_option(command, options->build);
  command.text("--format", "", options->format, "Output format").choices = {"text", "dot", "mermaid", "svg"};
  command.notes =
      "Shows the stages and steps of one image, or how several images depend on each other. With --changed, "
      "--git or --since, as for dcache explain, each step shows whether it rebuilds, and each image whether "
      "one of its steps does. Shows times and the critical path if dcache log --remember recorded them.";
  command.examples =
      "  dcache graph\n"
      "  dcache graph --image api --git HEAD --format svg > api.svg\n"
      "  dcache graph --history 300 --format mermaid\n"
      "  dcache graph --steps --format dot | dot -Tpdf > all.pdf";
  command.exit_status = "0, or 2 if an image, a revision or a snapshot can't be read.";
  command.run = [options] { return Session(*options).run(); };
  return command;
}

}  // namespace dcache::cli

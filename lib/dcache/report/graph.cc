#include "dcache/report/graph.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dcache/report/explain.h"
#include "dcache/report/step_words.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

constexpr size_t kTreeWidth =
    98;  // of 100: an ellipsis takes one more, and each line has two texts that may end in it
constexpr size_t kNodeWidth = 48;

// "12 of 300 commits, perhaps 3 more"
std::string frequency_words(const Frequency& frequency) {
  std::string words = fmt::format("{} of {}", frequency.rebuilt, text::counted(frequency.commits, "commit"));
  if (frequency.depends > 0) words += fmt::format(", perhaps {} more", frequency.depends);
  return words;
}

Tone tone_of(cache::Verdict verdict) {
  switch (verdict) {
    case cache::Verdict::kHit:
      return Tone::kGood;
    case cache::Verdict::kMiss:
      return Tone::kBad;
    case cache::Verdict::kDepends:
      return Tone::kWarn;
    case cache::Verdict::kUnknown:
      return Tone::kInfo;
    case cache::Verdict::kUnused:
      break;
  }
  return Tone::kDim;
}

Tone tone_of(const Frequency& frequency) {
  constexpr double kOften = 0.5, kSometimes = 0.1;
  if (frequency.share() > kOften) return Tone::kBad;
  return frequency.share() > kSometimes ? Tone::kWarn : Tone::kPlain;
}

// From pale to dark.
std::string heat(double share) {
  const auto mix = [&](double from, double to) { return static_cast<int>(from + (to - from) * share); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(255, 232), mix(247, 104), mix(236, 74));
}

std::string colour_of(cache::Verdict verdict) {
  switch (verdict) {
    case cache::Verdict::kHit:
      return "#cfe8cf";
    case cache::Verdict::kMiss:
      return "#f4b6ad";
    case cache::Verdict::kDepends:
      return "#fbe3a7";
    case cache::Verdict::kUnknown:
      return "#cfe0f4";
    case cache::Verdict::kUnused:
      break;
  }
  return "#e8e8e8";
}

std::string colour_of(std::string_view effect) {
  if (effect == "rebuilt" || effect == "new") return colour_of(cache::Verdict::kMiss);
  if (effect == "may-rebuild") return colour_of(cache::Verdict::kDepends);
  if (effect == "unknown") return colour_of(cache::Verdict::kUnknown);
  if (effect == "configuration") return "#e6d5f2";
  return effect.empty() ? "" : colour_of(cache::Verdict::kHit);
}

// What is known of a step in addition to its text: "✗ go.mod changed", "12 of 300 commits", "1 min 10 s".
std::vector<std::string> facts_of(const ViewStep& step) {
  std::vector<std::string> facts;
  if (step.verdict && !step.cause.empty()) facts.push_back(step.cause);
  if (step.frequency) facts.push_back(frequency_words(*step.frequency));
  if (step.seconds) facts.push_back(text::duration_words(*step.seconds));
  return facts;
}

std::string joined_facts(const std::vector<std::string>& facts) {
  std::string words;
  for (const std::string& fact : facts)
    words += (words.empty() ? "" : "; ") + fact;
  return words;
}

// How many columns a text takes.
size_t tree_width_of(const std::string& text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Draws the lines of a tree.
class StageTree {
 public:
  StageTree(const BuildView& view, const Style& style, std::string& out)
      : view_(view), style_(style), out_(out) {}

  void draw(size_t stage, const std::string& indent) {
    const ViewStage& one = view_.stages[stage];
    shown_.insert(stage);
    out_ += style_.paint(Tone::kBold, shortened(one.label, kTreeWidth / 3));
    const size_t used = tree_width_of(indent) + std::min(one.label.size(), kTreeWidth / 3);
    out_ +=
        "  " + style_.paint(Tone::kDim, shortened(one.from, kTreeWidth - std::min(kTreeWidth / 2, used + 2)));
    out_ += '\n';
    if (one.steps.empty() && one.base) draw_below(*one.base, true, indent);
    for (size_t i = 0; i < one.steps.size(); ++i)
      draw_step(one.steps[i], i + 1 == one.steps.size(), indent);
  }

 private:
  void draw_step(size_t index, bool is_last, const std::string& indent) {
    const ViewStep& step = view_.steps[index];
    std::string line = fmt::format("{:<4} ", step.line);
    if (step.verdict) line += fmt::format("{} ", sign_of(*step.verdict));
    if (step.is_critical) line += "» ";
    const std::string facts = shortened(joined_facts(facts_of(step)), kTreeWidth / 2);
    const size_t taken =
        tree_width_of(indent) + 3 + tree_width_of(line) + (facts.empty() ? 0 : tree_width_of(facts) + 2);
    constexpr size_t kLeast = 24;
    line += step_words(step.instruction, step.trigger,
                       std::max(kLeast, kTreeWidth - std::min(kTreeWidth, taken)));
    const Tone tone = step.verdict     ? tone_of(*step.verdict)
                      : step.frequency ? tone_of(*step.frequency)
                                       : Tone::kPlain;
    out_ += indent + (is_last ? "└─ " : "├─ ") + style_.paint(tone, line);
    if (!facts.empty()) out_ += "  " + style_.paint(Tone::kDim, facts);
    out_ += '\n';
    const std::string below = indent + (is_last ? "   " : "│  ");
    std::vector<size_t> stages;
    for (const plan::Input& input : step.needs) {
      const size_t other = view_.steps[input.step].stage;
      if (other != step.stage && std::ranges::find(stages, other) == stages.end()) stages.push_back(other);
    }
    for (size_t i = 0; i < stages.size(); ++i)
      draw_below(stages[i], i + 1 == stages.size(), below);
  }

  void draw_below(size_t stage, bool is_last, const std::string& indent) {
    out_ += indent + (is_last ? "└─ " : "├─ ");
    if (!shown_.contains(stage)) return draw(stage, indent + (is_last ? "   " : "│  "));
    out_ += style_.paint(Tone::kDim, shortened(view_.stages[stage].label, kTreeWidth / 3) + ", shown above") +
            '\n';
  }

  const BuildView& view_;
  const Style& style_;
  std::string& out_;
  std::set<size_t> shown_;
};

// "deps, test and build can run at once"
void append_parallel(const BuildView& view, std::string& out) {
  size_t layers = 0;
  for (const ViewStage& stage : view.stages)
    layers = std::max(layers, stage.layer + 1);
  for (size_t layer = 0; layer < layers; ++layer) {
    std::vector<std::string> names;
    for (const ViewStage& stage : view.stages) {
      // A stage that only takes an image as it is has nothing to run.
      if (stage.layer == layer && stage.steps.size() > 1) names.push_back(printable(stage.label));
    }
    constexpr size_t kShown = 6;
    if (names.size() > 1) out += fmt::format("{} can run at once\n", text::list_words(names, kShown));
  }
}

void append_image_node(const std::vector<ImageNode>& images, size_t index, const std::string& indent,
                       std::set<size_t>& shown, const Style& style, std::string& out) {
  const ImageNode& image = images[index];
  std::vector<std::string> facts;
  if (!image.state.empty()) facts.push_back(image.state);
  if (image.frequency) facts.push_back(frequency_words(*image.frequency));
  const bool is_named_alike = image.dockerfile == image.name;
  const bool is_known = !shown.insert(index).second;
  std::string rest = facts.empty() ? "" : "  " + joined_facts(facts);
  if (is_known && !image.needs.empty()) rest += "  " + style.paint(Tone::kDim, "shown above");
  // The name and the path get what the rest leaves, and each a half if that is not enough for both.
  constexpr size_t kBranch = 3, kShortest = 12;
  const size_t taken = tree_width_of(indent) + kBranch + tree_width_of(joined_facts(facts)) + kBranch +
                       (is_known ? std::string_view("shown above").size() : 0);
  const size_t room = std::max(2 * kShortest, kTreeWidth - std::min(kTreeWidth, taken));
  const size_t name_room = is_named_alike ? room : room - std::min(room / 2, tree_width_of(image.dockerfile));
  const std::string name = shortened(image.name, name_room);
  out += style.paint(Tone::kBold, name);
  if (!is_named_alike)
    out += "  " +
           style.paint(Tone::kDim, shortened(image.dockerfile, room - std::min(room, tree_width_of(name))));
  out += rest + '\n';
  if (is_known) return;
  for (size_t i = 0; i < image.needs.size(); ++i) {
    const bool is_last = i + 1 == image.needs.size();
    out += indent + (is_last ? "└─ " : "├─ ");
    append_image_node(images, image.needs[i], indent + (is_last ? "   " : "│  "), shown, style, out);
  }
}

}  // namespace

void append_graph(const BuildView& view, const Style& style, std::string& out) {
  out += style.paint(Tone::kBold, printable(view.name));
  if (view.dockerfile != view.name) out += fmt::format(" ({})", printable(view.dockerfile));
  if (!view.occasion.empty()) out += ", " + printable(view.occasion);
  out += "\n\n";
  if (!view.target) return;
  StageTree(view, style, out).draw(*view.target, "");
  out += '\n';
  append_parallel(view, out);
  if (view.critical_seconds)
    out += fmt::format("Longest way through what is known: {}, marked »\n",
                       text::duration_words(*view.critical_seconds));
}

void append_graph(const std::vector<ImageNode>& images, const Style& style, std::string& out) {
  std::vector<bool> is_needed(images.size());
  for (const ImageNode& image : images) {
    for (const size_t need : image.needs)
      is_needed[need] = true;
  }
  std::set<size_t> shown;
  for (size_t i = 0; i < images.size(); ++i) {
    if (!is_needed[i]) append_image_node(images, i, "", shown, style, out);
  }
  // Those that need each other in a circle.
  for (size_t i = 0; i < images.size(); ++i) {
    if (!shown.contains(i)) append_image_node(images, i, "", shown, style, out);
  }
}

Diagram diagram_of(const BuildView& view) {
  Diagram diagram{.title = view.name, .nodes = {}, .frames = {}, .edges = {}};
  if (view.dockerfile != view.name) diagram.title += " (" + view.dockerfile + ")";
  if (!view.occasion.empty()) diagram.title += ", " + view.occasion;
  for (const ViewStage& stage : view.stages) {
    if (!stage.steps.empty()) diagram.frames.push_back({stage.label, stage.layer, stage.steps});
  }
  bool has_verdicts = false, has_frequency = false;
  for (size_t i = 0; i < view.steps.size(); ++i) {
    const ViewStep& step = view.steps[i];
    Diagram::Node node{
        .text = fmt::format("{}  {}", step.line, step_words(step.instruction, step.trigger, kNodeWidth)),
        .note = joined_facts(facts_of(step)),
        .colour = {},
        .is_bold = step.is_critical};
    if (step.verdict) node.colour = colour_of(*step.verdict);
    if (step.frequency) node.colour = heat(step.frequency->share());
    has_verdicts = has_verdicts || step.verdict;
    has_frequency = has_frequency || step.frequency;
    diagram.nodes.push_back(std::move(node));
    for (const plan::Input& input : step.needs)
      diagram.edges.push_back({input.step, i, input.kind == plan::Input::Kind::kFiles});
  }
  if (has_verdicts)
    diagram.legend =
        "Green: reused. Red: rebuilt. Yellow: reused if a rebuilt step gives the same. Blue: not known.";
  if (has_frequency) diagram.legend = "The darker, the more often it was rebuilt.";
  if (view.critical_seconds)
    diagram.legend += fmt::format("{}Bold: the critical path, {}.", diagram.legend.empty() ? "" : " ",
                                  text::duration_words(*view.critical_seconds));
  return diagram;
}

Diagram diagram_of(const std::vector<ImageNode>& images) {
  Diagram diagram{.title = "Images", .nodes = {}, .frames = {}, .edges = {}};
  for (size_t i = 0; i < images.size(); ++i) {
    const ImageNode& image = images[i];
    std::vector<std::string> facts;
    if (image.dockerfile != image.name) facts.push_back(image.dockerfile);
    if (!image.state.empty()) facts.push_back(image.state);
    if (image.frequency) facts.push_back(frequency_words(*image.frequency));
    Diagram::Node node{.text = shortened(image.name, kNodeWidth),
                       .note = joined_facts(facts),
                       .colour = colour_of(image.state)};
    if (image.frequency) node.colour = heat(image.frequency->share());
    diagram.nodes.push_back(std::move(node));
    diagram.frames.push_back({"", image.layer, {i}});
    for (const size_t need : image.needs)
      diagram.edges.push_back({need, i, false});
  }
  return diagram;
}

}  // namespace dcache::report

// Diagrams for Graphviz and Mermaid, and as SVG.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dcache/report/graph.h"
#include "dcache/report/xml.h"
#include "dcache/text/unicode.h"

namespace dcache::report {
namespace {

std::string dot_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// Whatever Mermaid or Markdown could take for its own is written as a number.
std::string mermaid_text(std::string_view text) {
  constexpr std::string_view kPlain = " ./-_:,=+@~$()";
  const std::string clean = printable(text);
  std::string quoted = "\"";
  for (std::string_view rest = clean; !rest.empty();) {
    const text::Rune rune = text::decode_rune(rest);
    const bool is_plain =
        rune.value < 0x80 && (std::isalnum(static_cast<int>(rune.value)) != 0 ||
                              kPlain.find(static_cast<char>(rune.value)) != std::string_view::npos);
    if (is_plain || rune.value >= 0x80) {
      quoted += rest.substr(0, rune.width);
    } else {
      quoted += fmt::format("#{};", static_cast<uint32_t>(rune.value));
    }
    rest.remove_prefix(rune.width);
  }
  return quoted + '"';
}

// Within a frame the order of boxes says it.
bool is_obvious(const Diagram::Frame& frame, const Diagram::Edge& edge) {
  const auto from = std::ranges::find(frame.nodes, edge.from);
  return from != frame.nodes.end() && std::next(from) != frame.nodes.end() && *std::next(from) == edge.to;
}

// Where boxes and frames are, in pixels.
struct Layout {
  static constexpr int kMargin = 16, kGap = 70, kBox = 24, kBetween = 6, kTitle = 24, kPadding = 10;
  static constexpr int kColumn = 380;
  struct Place {
    int x = 0, y = 0;
  };
  std::vector<Place> nodes, frames;
  std::vector<int> frame_heights;
  int width = 0, height = 0;

  explicit Layout(const Diagram& diagram) : nodes(diagram.nodes.size()) {
    std::map<size_t, int> next;  // by column, where the next frame begins
    for (const Diagram::Frame& frame : diagram.frames) {
      int& y = next.try_emplace(frame.column, kMargin + kTitle).first->second;
      const int x = kMargin + static_cast<int>(frame.column) * (kColumn + kGap);
      const bool is_framed = !frame.title.empty();
      frames.push_back({x, y});
      int at = y + (is_framed ? kTitle : 0);
      for (const size_t node : frame.nodes) {
        nodes[node] = {x + kPadding, at};
        at += kBox + kBetween;
      }
      if (is_framed) at += kPadding;
      frame_heights.push_back(at - y);
      y = at + (is_framed ? kMargin : 0);
      width = std::max(width, x + kColumn + kMargin);
      height = std::max(height, y);
    }
    height += diagram.legend.empty() ? 0 : kTitle;
  }
};

constexpr int kBoxWidth = Layout::kColumn - 2 * Layout::kPadding;

void append_edge(const Layout& layout, const Diagram::Edge& edge, std::string& out) {
  const Layout::Place from = layout.nodes[edge.from], to = layout.nodes[edge.to];
  const int x1 = from.x + kBoxWidth, y1 = from.y + Layout::kBox / 2;
  const int x2 = to.x, y2 = to.y + Layout::kBox / 2;
  const int bend = from.x == to.x ? Layout::kGap / 2 : std::max(Layout::kGap / 2, (x2 - x1) / 2);
  // To a box of the same column it goes round the right side.
  const int end = from.x == to.x ? x1 : x2;
  const int control = from.x == to.x ? x1 + bend : x2 - bend;
  out += fmt::format(
      "<path d=\"M{} {}C{} {} {} {} {} {}\" fill=\"none\" stroke=\"#667\" marker-end=\"url(#a)\"{}/>\n", x1,
      y1, x1 + bend, y1, control, y2, end, y2, edge.is_dashed ? " stroke-dasharray=\"5 3\"" : "");
}

void append_nodes(const Diagram& diagram, const Layout& layout, std::string& out) {
  for (size_t i = 0; i < diagram.nodes.size(); ++i) {
    const Diagram::Node& node = diagram.nodes[i];
    const Layout::Place place = layout.nodes[i];
    out += fmt::format(
        "<g><title>{}{}{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"{}\" "
        "stroke=\"#445\" stroke-width=\"{}\"/>",
        xml(node.text), node.note.empty() ? "" : ": ", xml(node.note), place.x, place.y, kBoxWidth,
        Layout::kBox, node.colour.empty() ? "#ffffff" : node.colour, node.is_bold ? "2.5" : "1");
    // What is too wide for the box is cut off: that depends on the font.
    out += fmt::format(
        "<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><text x=\"8\" y=\"16\"{}>{}</text></svg></g>\n",
        place.x, place.y, kBoxWidth - 4, Layout::kBox, node.is_bold ? " font-weight=\"bold\"" : "",
        xml(node.text));
  }
}

// The diagram, moved down by `y`. Gives its size.
Layout append_drawing(const Diagram& diagram, int y, std::string& out) {
  Layout layout(diagram);
  out += fmt::format(
      "<g transform=\"translate(0 {})\">\n<text x=\"{}\" y=\"{}\" font-size=\"15\" "
      "font-weight=\"bold\">{}</text>\n",
      y, Layout::kMargin, Layout::kMargin + 8, xml(shortened(diagram.title, 120)));
  for (size_t i = 0; i < diagram.frames.size(); ++i) {
    const Diagram::Frame& frame = diagram.frames[i];
    if (frame.title.empty()) continue;
    const Layout::Place place = layout.frames[i];
    out += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"#f6f7f9\" stroke=\"#ccd\"/>"
        "<text x=\"{}\" y=\"{}\" fill=\"#334\" font-weight=\"bold\">{}</text>\n",
        place.x, place.y, Layout::kColumn, layout.frame_heights[i], place.x + Layout::kPadding, place.y + 16,
        xml(shortened(frame.title, 50)));
  }
  for (const Diagram::Edge& edge : diagram.edges) {
    if (std::ranges::none_of(diagram.frames,
                             [&](const Diagram::Frame& frame) { return is_obvious(frame, edge); }))
      append_edge(layout, edge, out);
  }
  append_nodes(diagram, layout, out);
  if (!diagram.legend.empty())
    out += fmt::format("<text x=\"{}\" y=\"{}\" fill=\"#555\">{}</text>\n", Layout::kMargin,
                       layout.height - 4, xml(diagram.legend));
  out += "</g>\n";
  return layout;
}

}  // namespace

void append_dot(const std::vector<Diagram>& diagrams, std::string& out) {
  out +=
      "digraph build {\n  rankdir=LR;\n  node [shape=box, style=filled, fillcolor=white, "
      "fontname=\"sans-serif\"];\n";
  for (size_t d = 0; d < diagrams.size(); ++d) {
    const Diagram& diagram = diagrams[d];
    for (size_t f = 0; f < diagram.frames.size(); ++f) {
      const Diagram::Frame& frame = diagram.frames[f];
      const bool is_framed = !frame.title.empty();
      if (is_framed)
        out += fmt::format("  subgraph cluster_{}_{} {{\n    label={};\n", d, f, dot_text(frame.title));
      for (const size_t node : frame.nodes) {
        const Diagram::Node& one = diagram.nodes[node];
        out += fmt::format("    n{}_{} [label={}", d, node, dot_text(one.text));
        if (!one.note.empty()) out += ", tooltip=" + dot_text(one.note);
        if (!one.colour.empty()) out += fmt::format(", fillcolor=\"{}\"", one.colour);
        if (one.is_bold) out += ", penwidth=2.5";
        out += "];\n";
      }
      if (is_framed) out += "  }\n";
    }
    for (const Diagram::Edge& edge : diagram.edges)
      out += fmt::format("  n{0}_{1} -> n{0}_{2}{3};\n", d, edge.from, edge.to,
                         edge.is_dashed ? " [style=dashed]" : "");
  }
  out += "}\n";
}

void append_mermaid(const std::vector<Diagram>& diagrams, std::string& out) {
  out += "flowchart LR\n";
  for (size_t d = 0; d < diagrams.size(); ++d) {
    const Diagram& diagram = diagrams[d];
    for (size_t f = 0; f < diagram.frames.size(); ++f) {
      const Diagram::Frame& frame = diagram.frames[f];
      const bool is_framed = !frame.title.empty();
      if (is_framed) out += fmt::format("  subgraph s{}_{}[{}]\n", d, f, mermaid_text(frame.title));
      for (const size_t node : frame.nodes)
        out += fmt::format("    n{}_{}[{}]\n", d, node, mermaid_text(diagram.nodes[node].text));
      if (is_framed) out += "  end\n";
    }
    for (const Diagram::Edge& edge : diagram.edges)
      out += fmt::format("  n{0}_{1} {3} n{0}_{2}\n", d, edge.from, edge.to, edge.is_dashed ? "-.->" : "-->");
    for (size_t node = 0; node < diagram.nodes.size(); ++node) {
      const Diagram::Node& one = diagram.nodes[node];
      if (one.colour.empty() && !one.is_bold) continue;
      out += fmt::format("  style n{}_{} fill:{},color:#111{}\n", d, node,
                         one.colour.empty() ? "#fff" : one.colour, one.is_bold ? ",stroke-width:3px" : "");
    }
  }
}

void append_svg(const std::vector<Diagram>& diagrams, std::string& out) {
  std::string body;
  int width = 0, y = 0;
  for (const Diagram& diagram : diagrams) {
    const Layout layout = append_drawing(diagram, y, body);
    width = std::max(width, layout.width);
    y += layout.height + Layout::kMargin;
  }
  out += fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" "
      "refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" "
      "fill=\"#667\"/></marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      std::max(width, 400), y);
  out += body + "</svg>\n";
}

}  // namespace dcache::report

// What depends on what: stages and steps of a build, or images of a repository, as text and as pictures.
#pragma once

#include <string>
#include <vector>

#include "dcache/report/build_view.h"
#include "dcache/report/style.h"

namespace dcache::report {

// A tree that fits 100 columns: the target with its steps, and below each step the stages that it reads.
void append_graph(const BuildView& view, const Style& style, std::string& out);
// The images that no other one needs, and below each what it needs.
void append_graph(const std::vector<ImageNode>& images, const Style& style, std::string& out);

// A picture before it is drawn: boxes in frames, in columns from left to right.
struct Diagram {
  struct Node {
    std::string text;         // what it says
    std::string note = {};    // more, for who points at it
    std::string colour = {};  // of the box: "#rrggbb"; empty for white
    bool is_bold = false;
  };
  struct Frame {
    std::string title;  // empty for no frame
    size_t column = 0;
    std::vector<size_t> nodes;  // from top to bottom
  };
  struct Edge {
    size_t from = 0, to = 0;
    bool is_dashed = false;  // files, and not the whole result
  };
  std::string title;
  std::vector<Node> nodes;
  std::vector<Frame> frames;
  std::vector<Edge> edges;
  std::string legend = {};  // what the colours mean; empty for none
};
Diagram diagram_of(const BuildView& view);
Diagram diagram_of(const std::vector<ImageNode>& images);

// For Graphviz. Several diagrams are one graph.
void append_dot(const std::vector<Diagram>& diagrams, std::string& out);
// For Mermaid, as Markdown of GitHub and GitLab shows it.
void append_mermaid(const std::vector<Diagram>& diagrams, std::string& out);
// Drawn without any other program, one below the other.
void append_svg(const std::vector<Diagram>& diagrams, std::string& out);

}  // namespace dcache::report

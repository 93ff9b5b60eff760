#pragma once

#include <string>
#include <string_view>

namespace cdctl::cli {

/// Writes one manual page with the macros of man(7). Plain text goes in; whatever roff would take
/// for its own is escaped.
class Roff {
 public:
  /// `name`: `cdctl-deploy`; `date`: YYYY-MM-DD, or empty; `source`: `cdctl 0.1.0`.
  Roff(std::string_view name, std::string_view date, std::string_view source);

  void section(std::string_view title);
  void subsection(std::string_view title);
  void paragraph(std::string_view text);
  /// A term with its text beside it. `term` is roff already: from bold(), italic(), plain().
  void item(std::string_view term, std::string_view text);
  /// A line of roff as it is.
  void line(std::string_view roff);
  /// Lines as they are, in a fixed width.
  void example(std::string_view text);
  [[nodiscard]] const std::string& text() const { return out_; }

  [[nodiscard]] static std::string plain(std::string_view text);
  [[nodiscard]] static std::string bold(std::string_view text) {
    return "\\fB" + plain(text) + "\\fR";
  }
  [[nodiscard]] static std::string italic(std::string_view text) {
    return "\\fI" + plain(text) + "\\fR";
  }

 private:
  void heading(std::string_view request, std::string_view title);
  void flow(std::string_view text);

  std::string out_;
  bool below_heading_ = false;  ///< where a paragraph needs no mark
};

}  // namespace cdctl::cli

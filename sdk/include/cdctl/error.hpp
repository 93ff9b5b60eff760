#pragma once

#include <expected>
#include <string>
#include <utility>

namespace cdctl {

/// The documented exit codes of every command (docs/commands.md lists them for people).
enum class ExitCode : int {
  done = 0,           ///< done, or nothing to do
  failed = 1,         ///< at least one item failed
  usage = 2,          ///< the command line is wrong
  config = 3,         ///< the configuration is wrong or missing
  unknown = 4,        ///< could not ask: "I don't know", never mixed with "no"
  refused = 5,        ///< a guard refused
  timeout = 6,        ///< a deadline passed
  something = 10,     ///< deciders with --exit-code: there is something
  interrupted = 130,  ///< SIGINT
  terminated = 143,   ///< SIGTERM
};

/// Why, where somebody decides by it; nobody decides by an error's text.
enum class Reason {
  other,
  no_configuration,  ///< none was found: some commands do without
  not_there,         ///< the file that was asked for is in none of its places
  of_source,         ///< reading one source: the text says which, and of which service
  of_broker,         ///< one of several brokers: the text says which
  held,              ///< somebody else holds the lock that was waited for
};

/// What went wrong, in one line without a final dot: what was attempted, on what, why it failed,
/// what to do next. Never holds a secret and never a line break.
struct Error {
  ExitCode exit = ExitCode::failed;
  std::string what;
  bool transient =
      false;  ///< on the way there, not an answer: the same call may work a moment later
  Reason reason = Reason::other;

  /// The same error with `context: ` in front.
  [[nodiscard]] Error in(std::string_view context) const {
    return {exit, std::string(context) + ": " + what, transient, reason};
  }
  /// The same error for a reason.
  [[nodiscard]] Error because(Reason why) const { return {exit, what, transient, why}; }
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ExitCode exit, std::string what) {
  return std::unexpected(Error{exit, std::move(what)});
}
[[nodiscard]] inline std::unexpected<Error> fail(std::string what) {
  return fail(ExitCode::failed, std::move(what));
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace cdctl

#define CDCTL_CONCAT_(a, b) a##b
#define CDCTL_CONCAT(a, b) CDCTL_CONCAT_(a, b)

/// Passes the error of `expr` (a Result) up to the caller.
#define CDCTL_TRY(expr)                                      \
  do {                                                       \
    if (auto cdctl_try_ = (expr); !cdctl_try_)               \
      return std::unexpected(std::move(cdctl_try_.error())); \
  } while (false)

/// Declares `var` with the value of `expr` (a Result), or passes its error up.
#define CDCTL_TRY_ASSIGN(var, expr) CDCTL_TRY_ASSIGN_(var, expr, CDCTL_CONCAT(cdctl_try_, __LINE__))
#define CDCTL_TRY_ASSIGN_(var, expr, tmp)                   \
  auto tmp = (expr);                                        \
  if (!tmp) return std::unexpected(std::move(tmp.error())); \
  var = std::move(*tmp)

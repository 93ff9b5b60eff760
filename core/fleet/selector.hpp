#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/set_name.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::fleet {

/// `thumbs`, `thumbs@r5f0`, `thumbs@newest`, `thumbs-r5f0c1e9a2b`, or a glob over set names.
struct Selector {
  /// The set deployed last; the one that came before it and is neither cut nor held out; the newest
  /// that is proven. Which one that is, is known after a look.
  enum class Role { any, newest, previous, proven };

  std::string text, service, revision;  ///< service is empty for a glob
  Role role = Role::any;
  bool glob = false, whole = false;

  /// Exit code `usage` with a hint when it can name nothing.
  [[nodiscard]] static Result<Selector> parse(std::string_view text);
  /// The sets it means, after load_roles(). Exit code `failed` when a prefix is not unique. A whole
  /// name or prefix that is not there gives none.
  [[nodiscard]] Result<std::vector<SetView*>> pick(Fleet& fleet) const;
  /// Whether its name is one that is meant; of a role every set of the service.
  [[nodiscard]] bool matches(const SetName& name) const;
  /// Whether it means this set among those of its service.
  [[nodiscard]] bool means(const ServiceView& view, const SetView& set) const;
};

/// Asks for what a role needs to know beside the sets that were loaded.
void load_roles(Fleet& fleet, const std::vector<Selector>& selectors, const Deadline& deadline);

/// `thumbs@previous` among sets that are there: by the first time each came, so that what was
/// rolled back to is no newer than it was. Null when there is none.
[[nodiscard]] const SetView* previous_set(const ServiceView& view);
/// `thumbs@proven`; null when none is.
[[nodiscard]] const SetView* proven_set(const ServiceView& view);

/// The services that the selectors can touch, for Fleet::load; empty = all. Exit code `config` for
/// one whose file is broken. Whether there is such a service, report_missing() says after the look.
[[nodiscard]] Result<std::vector<std::string>> services_of(app::Context& context,
                                                           const std::vector<Selector>& selectors);

/// Who asks: a glob that matches nothing is an answer to who looks, and a mistake of who acts.
enum class Asker { looks, acts };

/// Says of a selector that means no set, after a look: that it is gone already where it is known to
/// have been, else an error (exit code `failed`) with the nearest name. A service that has no set
/// is none. Nothing is said where the look was not complete: that is an error of its own.
void report_missing(app::Context& context, Fleet& fleet, const Selector& selector, Asker asker);

/// The same of those among `selectors` whose names need a look: for commands that look at no sets
/// themselves. What could not be asked is passed over.
void check_names(app::Context& context, const std::vector<Selector>& selectors,
                 const Deadline& deadline);

/// `there is no such set and never was; did you mean thumbs-r5f0c1e9a2b? See cdctl ls`. `view`: of
/// its service; null when that is unknown.
[[nodiscard]] Error never_was(app::Context& context, const ServiceView* view, const SetName& set);

}  // namespace cdctl::fleet

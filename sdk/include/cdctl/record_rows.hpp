#pragma once

#include <cstddef>
#include <cstdint>

// Records as rows of plain data: what a record holds, and how a table shows it. The JSON Schemas,
// the tables of `-o table` and the manual are made from them, for the records of the front end and
// of plugins alike.

namespace cdctl::plugin {

struct MemberRow;

/// Whether a member is in every record.
enum class Presence : std::uint32_t { required, optional };

/// A member of a record. `type` is one of
///
///     text, word (`some-rule`), uuid, set, service, revision
///     time (RFC 3339 as cdctl writes it), date (any RFC 3339)
///     flag, true, integer, number; the last two with bounds: `integer >= 1`, `number 0 to 1`
///     one of A B C
///     list, list of TYPE, list to 20 of TYPE, pairs (a list of lists of two texts)
///     object, list of object, map of object: with the rows of `shape`, if there are any
///     map of TYPE
///     free
///
/// each with ` or null` behind it where what is not known is null.
struct MemberRow {
  const char* name;
  const char* type;
  const char* meaning = "";
  Presence presence = Presence::required;
  const MemberRow* shape = nullptr;
  std::size_t shape_count = 0;
};

/// How a table shows a member.
enum class Show : std::uint32_t {
  text,     ///< as it is; `-` for null
  blank,    ///< the same; nothing for null
  brief,    ///< the same, 34 columns of it
  age,      ///< how long ago it was
  clock,    ///< 11-23 04:12:09
  millis,   ///< 12.5 ms
  units,    ///< up/want of an object
  yes,      ///< yes, no
  cut,      ///< cut, -, ?
  words,    ///< the items of a list in a row
  names,    ///< the `name` of each item
  pairs,    ///< key=value …
  sources,  ///< trunk 9f2c1ab #124
  roles,    ///< switch feed: without the record's own name
  note,     ///< what `note` says, 120 columns of it
  phrase    ///< what `note` says
};

/// A column of a table. A `note` has lines of `WHEN: TEXT`; the texts of those that hold are joined
/// by commas. WHEN is a member that is true, more than 0 or not empty, `MEMBER=WORD`,
/// `MEMBER!=WORD`, several of these with `&` between, or `else`: nothing has held yet. After `only
/// ` a line that holds is all that is said. `{MEMBER}` in a text stands for what the member holds;
/// `units.down` is a member of a member.
struct ColumnRow {
  const char* heading;
  const char* member;
  Show show = Show::text;
  bool wide_only = false;
  std::uint32_t width = 0;  ///< in a stream's line
  const char* note = "";
};

/// A kind of record: `cdctl.phase/1`. Its member `schema` has no row.
struct RecordRow {
  const char* schema;
  const char* title;
  bool stream;  ///< a table of it is printed line by line, as the records come
  const MemberRow* members;
  std::size_t member_count;
  const ColumnRow* columns;
  std::size_t column_count;
};

}  // namespace cdctl::plugin

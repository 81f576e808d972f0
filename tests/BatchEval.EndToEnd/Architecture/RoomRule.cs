using System.Text.RegularExpressions;

namespace BatchEval.EndToEnd.Architecture;

/// <summary>The house rule inside a project: its rooms (top folders) know each other in one direction only.</summary>
internal static class RoomRule
{
    /// <summary>Rooms that know themselves by way of others, each with whom it knows; empty when all arrows point one way.</summary>
    /// <param name="project">Name of the project, which is its root namespace.</param>
    /// <param name="sources">Path below the project's folder, and text, of each source file.</param>
    public static IReadOnlyList<string> Cycles(string project, IEnumerable<(string Path, string Text)> sources)
    {
        var files = sources.Where(s => s.Path.Contains('/')).Select(s => (Room: s.Path.Split('/')[0], s.Text)).ToList();
        var rooms = files.Select(f => f.Room).ToHashSet();
        var name = new Regex($@"\b{Regex.Escape(project)}\.(\w+)");
        var known = files.GroupBy(f => f.Room).ToDictionary(
            g => g.Key,
            g => g.SelectMany(f => name.Matches(f.Text).Select(m => m.Groups[1].Value)).Where(r => r != g.Key && rooms.Contains(r)).ToHashSet());
        return [.. known.Where(k => Reaches(known, k.Key)).Select(k => $"{project}: {k.Key} knows {string.Join(", ", k.Value.Order())}, and is known by way of them")];
    }

    private static bool Reaches(Dictionary<string, HashSet<string>> known, string start)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>(known[start]);
        while (open.TryPop(out var room))
        {
            if (room == start)
            {
                return true;
            }

            if (seen.Add(room))
            {
                foreach (var next in known[room])
                {
                    open.Push(next);
                }
            }
        }

        return false;
    }
}

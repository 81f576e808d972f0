// Two folders that know each other, for the test that such a circle is caught.
namespace BatchEval.EndToEnd.Architecture.Seeded.Hall
{
    internal sealed class Door
    {
        public Attic.Window? Opposite { get; init; }
    }
}

namespace BatchEval.EndToEnd.Architecture.Seeded.Attic
{
    internal sealed class Window
    {
        public Hall.Door? Opposite { get; init; }
    }
}

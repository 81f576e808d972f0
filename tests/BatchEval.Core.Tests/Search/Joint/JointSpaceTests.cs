using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Core.Search.Joint;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Core.Tests.Search.Joint;

/// <summary>Every operator of the joint space ends inside space and budget.</summary>
public sealed class JointSpaceTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly CostModel Costs = new(100, 2, 0, [.. Enumerable.Range(0, 6).Select(i => new BlockCost(i, $"b{i}", 5 + (3 * i), 0.1 + (0.05 * i), 10))]);

    private static readonly BudgetLimits[] Limits =
        [new(Macs: 430), new(NetworkCalls: 5), new(Milliseconds: 9), new(Macs: 600, NetworkCalls: 7, Milliseconds: 13), new(Macs: 100)];

    private static readonly IReadOnlyList<double>[] Grids = [[900, 600, 300], [950, 750, 550, 350, 150], [900.0]];

    [Fact]
    public void Every_operator_ends_inside_space_and_budget() =>
        Prop.ForAll(Gen.Choose(0, 100_000).ToArbitrary(), Gen.Choose(0, 4).ToArbitrary(), Gen.Choose(0, 5).ToArbitrary(), (seed, limits, kind) =>
        {
            var space = Space(Limits[limits], Kind(kind));
            var random = new PhiloxStream((ulong)seed, 0);
            var (a, b) = (space.Random(random), space.Random(random));
            var child = space.Cross(a, b, random);
            foreach (var candidate in new[] { a, b, child, space.Mutate(a, random), space.Mutate(child, random), space.Cross(child, a, random) })
            {
                Check(space, candidate);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Dropped_blocks_buy_steps()
    {
        var random = new PhiloxStream(1, 0);
        var whole = Space(new(Macs: 430), new JointOptions { Masks = MaskRule.None });
        var joint = Space(new(Macs: 430), new JointOptions { Window = new(0.5, 0.8) });
        Enumerable.Range(0, 50).ShouldAllBe(_ => whole.Random(random).Steps.Count == 4);
        Enumerable.Range(0, 50).Average(_ => joint.Random(random).Steps.Count).ShouldBeGreaterThan(5);
    }

    [Fact]
    public void Random_candidates_leave_no_room_for_another_step()
    {
        var random = new PhiloxStream(2, 0);
        var space = Space(new(Macs: 430), new JointOptions { Window = new(0, 0.3) });
        Enumerable.Range(0, 50).ShouldAllBe(_ => space.Budget.Use(space.Random(random)) > 0.75);
    }

    [Fact]
    public void A_closed_window_drops_nothing()
    {
        var random = new PhiloxStream(3, 0);
        var space = Space(new(Macs: 430), new JointOptions { Window = PruneWindow.Closed, Published = true });
        var candidate = space.Random(random);
        for (var i = 0; i < 50; i++)
        {
            candidate = space.Mutate(candidate, random);
            candidate.Steps.ShouldAllBe(s => s.Drop.Count == 0);
            candidate.Steps.Count.ShouldBe(4);
        }
    }

    [Fact]
    public void Masks_that_are_not_empty_do_change_in_mutations()
    {
        var random = new PhiloxStream(4, 0);
        var space = Space(new(NetworkCalls: 1), new JointOptions { Published = true, LocalShare = 0, MutationProbability = 0.5, Window = new(0.5, 0.5), Grids = [[500.0]] });
        var parent = new Candidate("ddim", [new(500, [0, 1, 2])]);
        var children = Enumerable.Range(0, 40).Select(_ => space.Mutate(parent, random)).ToList();
        children.ShouldAllBe(c => c.Steps[0].Drop.Count == 3);
        children.Count(c => c != parent).ShouldBeGreaterThan(10);
    }

    [Fact]
    public void A_mask_stays_with_its_step_in_crossover()
    {
        var random = new PhiloxStream(5, 0);
        var space = Space(new(NetworkCalls: 6), new JointOptions { LocalShare = 0.5 });
        Candidate a = new("ddim", [new(900, [0]), new(700, [1]), new(500, [2])]), b = new("ddim", [new(800, [3]), new(600, [4]), new(400, [5])]);
        var pairs = a.Steps.Concat(b.Steps).ToDictionary(s => s.Time, s => s.Drop[0]);
        for (var i = 0; i < 40; i++)
        {
            space.Cross(a, b, random).Steps.Where(s => pairs.ContainsKey(s.Time)).ShouldAllBe(s => s.Drop.SequenceEqual(new[] { pairs[s.Time] }));
        }
    }

    [Fact]
    public void A_prior_decides_which_blocks_are_dropped_where()
    {
        var random = new PhiloxStream(6, 0);
        var prior = new BlockPrior(500, [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]);
        var space = Space(new(Macs: 900), new JointOptions { Window = new(0.2, 0.2), Prior = prior });
        var steps = Enumerable.Range(0, 100).SelectMany(_ => space.Random(random).Steps).ToList();
        steps.Where(s => s.Time >= 500).Count(s => s.Drop.Contains(0)).ShouldBeGreaterThan(3 * steps.Where(s => s.Time >= 500).Count(s => s.Drop.Contains(5)));
        steps.Where(s => s.Time < 500).Count(s => s.Drop.Contains(5)).ShouldBeGreaterThan(3 * steps.Where(s => s.Time < 500).Count(s => s.Drop.Contains(0)));
    }

    [Fact]
    public void Candidates_from_elsewhere_are_adopted_only_when_they_fit()
    {
        var space = Space(new(Macs: 430), new JointOptions());
        var grid = Candidate.At("euler", [900, 700, 500, 300, 100]);
        space.Adopt(grid).ShouldBeNull();
        space.Adopt(new Candidate("ddim", [new(5, [99])])).ShouldBeNull();
        space.Adopt(Candidate.At("euler", [900, 700]))!.Solver.ShouldBe("ddim");
    }

    [Fact]
    public void Stretched_candidates_have_more_steps_of_the_same_shape_and_keep_the_budget()
    {
        var space = Space(new(Macs: 430), new JointOptions());
        var stretched = space.Stretch(Candidate.At("ddim", [700, 500, 300, 100]), new PhiloxStream(7, 0)).ToList();
        stretched.Select(c => c.Steps.Count).ShouldBe([5, 6, 7]);
        stretched.ForEach(c => Check(space, c));
        stretched[0].Steps.Select(s => s.Time).ShouldBe([720, 560, 400, 240, 80]);
        Space(new(Macs: 430), new JointOptions { Grids = Grids }).Stretch(Candidate.At("ddim", [900, 600, 300]), new PhiloxStream(7, 0)).Single().Steps.Count.ShouldBe(5);
    }

    [Fact]
    public void A_budget_below_one_step_is_refused() =>
        Should.Throw<ArgumentException>(() => Space(new(Macs: 99), new JointOptions())).Message.ShouldContain("single step");

    private static JointOptions Kind(int kind) => kind switch
    {
        0 => new(),
        1 => new() { Masks = MaskRule.None },
        2 => new() { Masks = MaskRule.Shared },
        3 => new() { Grids = Grids },
        4 => new() { Published = true, LocalShare = 0, Window = new(0.1, 0.4) },
        _ => new() { Masks = MaskRule.Shared, Window = new(0.5, 1), Prior = new BlockPrior(500, [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]) },
    };

    private static JointSpace Space(BudgetLimits limits, JointOptions options) => new("ddim", Schedule, new Budget(Costs, limits), options);

    private static void Check(JointSpace space, Candidate candidate)
    {
        space.Budget.Allows(candidate).ShouldBeTrue();
        candidate.Violations(Schedule, Costs.Blocks.Count).ShouldBeEmpty();
        space.Adopt(candidate).ShouldBe(candidate);
    }
}

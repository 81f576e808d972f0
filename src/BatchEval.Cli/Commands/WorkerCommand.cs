using BatchEval.Durable.Hubs;
using BatchEval.Http.Control;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval worker</c>: works on the runs that are submitted to a storage account.</summary>
internal static class WorkerCommand
{
    private const int DefaultLease = 30;

    public static Command Create(Shell shell)
    {
        var store = new Option<string?>("--store") { Description = "Storage connection string with a key, or blob service address for sign-in by identity. Default: BATCHEVAL_STORE.", HelpName = "connection" };
        var lease = new Option<int?>("--lease") { Description = $"Seconds after which the work of a worker that has died is given to others. Default: {DefaultLease}.", HelpName = "seconds" };
        CommonOptions.AtLeast(lease, 3);
        var (roots, device, parallel) = (CommonOptions.Models("the models of this worker"), CommonOptions.Device(), CommonOptions.Parallel());
        var command = new Command("worker", "Work on the runs that 'batcheval run --on' submits to a storage account, together with other workers. Needs its blob, queue and table services.")
        {
            store, roots, device, parallel, lease,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var connection = parsed.GetValue(store) ?? shell.Variable("BATCHEVAL_STORE") ?? throw new ProblemException("A worker needs a storage account: name it with --store or BATCHEVAL_STORE.");
            var packages = PackagesOf(CommonOptions.ModelRoots(parsed.GetRequiredValue(roots), shell), shell);
            var (options, units) = CommonOptions.Workers(parsed.GetRequiredValue(device), parsed.GetValue(parallel));
            var storage = await StorageServices.OpenAsync(connection, cancellation);
            var runs = await RunStore.OpenAsync(connection, new StorageWatch(shell.Error.WriteLine, shell.Time), null, cancellation);
            CommonOptions.Announce(options, units, shell.Error);
            await using (var worker = new WorkerHost(runs, options, packages, units, shell.Time, shell.Error.WriteLine))
            {
                await worker.JoinAsync(storage, TimeSpan.FromSeconds(parsed.GetValue(lease) ?? DefaultLease), cancellation);
                shell.Out.WriteLine($"Worker {worker.Record.Id} has joined {runs.Place} with {string.Join(", ", packages.Select(p => p.Manifest.Name))} (Ctrl-C leaves).");
                await worker.WorkAsync(cancellation);
            }

            shell.Error.WriteLine("The worker has left; what it was computing goes to others.");
        });
        return command;
    }

    // A broken package must not keep the others from being worked on.
    private static List<ModelPackage> PackagesOf(string[] roots, Shell shell)
    {
        var packages = new List<ModelPackage>();
        var catalog = new ModelCatalog(roots);
        foreach (var name in catalog.Names())
        {
            try
            {
                packages.Add(ModelPackage.Open(catalog.Roots.Select(root => Path.Combine(root, name)).First(Directory.Exists)));
            }
            catch (ProblemException error)
            {
                shell.Error.WriteLine($"The model '{name}' is left out.");
                Application.Explain(error, shell.Error);
            }
        }

        return packages.Count > 0 ? packages.DistinctBy(p => p.Digest).ToList()
            : throw new ProblemException($"There is no model package below {string.Join(" or ", catalog.Roots)}; name the folder that holds the models' folders with --models.");
    }
}

using System.Net;
using System.Net.Sockets;
using BatchEval.Cli.Serve;
using BatchEval.Cli.Storage;
using BatchEval.Http.Control;
using BatchEval.Workflow.Models;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval serve</c>: the HTTP interface over the local runner, and a page that shows the runs.</summary>
internal static class ServeCommand
{
    private const int DefaultPort = 7071;

    public static Command Create(Shell shell)
    {
        var port = new Option<int?>("--port") { Description = $"Port to listen on; 0 takes a free one. Default: {DefaultPort}.", HelpName = "n" };
        CommonOptions.Port(port);
        var listen = new Option<string>("--listen") { Description = "Address to listen on. There is no sign-in: anybody who reaches another address than the loopback can start and delete runs.", HelpName = "ip", DefaultValueFactory = _ => "127.0.0.1" };
        var roots = CommonOptions.Models("the models that requests may name");
        var price = new Option<string?>("--price") { Description = "Price of one hour of device time, for example \"1.35 USD\"; shown as the cost of a run.", HelpName = "amount currency" };
        var readOnly = new Option<bool>("--read-only") { Description = "Refuse whatever starts, changes or deletes a run; unfinished runs are left alone." };
        var (store, device, parallel) = (CommonOptions.Store(), CommonOptions.Device(), CommonOptions.Parallel());
        var command = new Command("serve", "Serve the HTTP interface and a page that shows the runs. Unfinished runs go on.") { port, listen, roots, store, device, parallel, price, readOnly };
        command.SetAction(async (parsed, cancellation) =>
        {
            var address = IPAddress.TryParse(parsed.GetRequiredValue(listen), out var ip) ? ip : throw new ProblemException($"'{parsed.GetValue(listen)}' is not an IP address.");
            var catalog = new ModelCatalog(CommonOptions.ModelRoots(parsed.GetRequiredValue(roots), shell));
            var (options, units) = CommonOptions.Workers(parsed.GetRequiredValue(device), parsed.GetValue(parallel));
            var cost = PriceOf(parsed.GetValue(price));
            var number = parsed.GetValue(port) ?? DefaultPort;
            Probe(address, number);
            using var models = new ModelHost(options, catalog.Roots);
            await using var access = await StoreAccess.OpenAsync(parsed.GetValue(store), shell, cancellation);
            CommonOptions.Announce(options, units, shell.Error);
            await using var host = new LocalRunHost(access, models, units, shell);
            var reads = parsed.GetValue(readOnly);
            var context = new RunApiContext(access.Store, models, catalog, host, shell.Time, units, cost, error => Application.Log(error, shell.Error), reads, () => access.Trouble);
            await using var server = new ApiServer(context, address, number);
            await ListenAsync(server, shell, cancellation);
            if (!reads)
            {
                await host.BeginAsync(cancellation);
            }

            await WaitAsync(access.Failure, shell, cancellation);
        });
        return command;
    }

    // Before anything is started: whether this machine has the address, and the port is free.
    private static void Probe(IPAddress address, int port)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
        }
        catch (SocketException error)
        {
            throw new ProblemException(error.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"The port cannot be used: {port} is in use on {address}. Choose another one with --port.",
                SocketError.AccessDenied => $"The port cannot be used: {port} is reserved for the system. Choose one above 1023 with --port.",
                SocketError.AddressNotAvailable => $"The address {address} is none of this machine. Give one that is with --listen, for example 127.0.0.1, or 0.0.0.0 for all.",
                _ => $"Nothing can listen on {address}, port {port}: {error.Message}. Choose another address with --listen or another port with --port.",
            });
        }
    }

    private static async Task ListenAsync(ApiServer server, Shell shell, CancellationToken cancellation)
    {
        try
        {
            var address = await server.StartAsync(cancellation);
            shell.Out.WriteLine($"Listening on {address} (Ctrl-C ends it; unfinished runs go on at the next start)");
        }
        catch (IOException error)
        {
            throw new ProblemException($"The port cannot be used: {error.Message} Choose another one with --port.");
        }
    }

    // Without its storage there is nothing to serve.
    private static async Task WaitAsync(Task failure, Shell shell, CancellationToken cancellation)
    {
        try
        {
            await await Task.WhenAny(failure, Task.Delay(Timeout.InfiniteTimeSpan, shell.Time, cancellation));
        }
        catch (OperationCanceledException)
        {
            // The usual end.
        }
    }

    private static DevicePrice? PriceOf(string? text) => text is null ? null
        : DevicePrice.Parse(text) ?? throw new ProblemException($"'--price {text}' is not an amount and a currency, for example \"1.35 USD\".");
}

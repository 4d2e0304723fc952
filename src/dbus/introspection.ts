/** The description of an object as XML; D-Bus specification, "Introspection Data Format". */
import { argumentsOf, type Interface, type PropertyAccess } from './interface.js';

const HEAD = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
`;

const STANDARD = ` <interface name="org.freedesktop.DBus.Peer">
  <method name="Ping"/>
  <method name="GetMachineId">
   <arg type="s" name="machine_uuid" direction="out"/>
  </method>
 </interface>
 <interface name="org.freedesktop.DBus.Introspectable">
  <method name="Introspect">
   <arg type="s" name="xml_data" direction="out"/>
  </method>
 </interface>
 <interface name="org.freedesktop.DBus.Properties">
  <method name="Get">
   <arg type="s" name="interface_name" direction="in"/>
   <arg type="s" name="property_name" direction="in"/>
   <arg type="v" name="value" direction="out"/>
  </method>
  <method name="GetAll">
   <arg type="s" name="interface_name" direction="in"/>
   <arg type="a{sv}" name="props" direction="out"/>
  </method>
  <method name="Set">
   <arg type="s" name="interface_name" direction="in"/>
   <arg type="s" name="property_name" direction="in"/>
   <arg type="v" name="value" direction="in"/>
  </method>
  <signal name="PropertiesChanged">
   <arg type="s" name="interface_name"/>
   <arg type="a{sv}" name="changed_properties"/>
   <arg type="as" name="invalidated_properties"/>
  </signal>
 </interface>
`;

type Described = Omit<Interface<never>, 'properties'> & { readonly properties: readonly PropertyAccess[] };

export function introspect(interfaces: readonly Described[], children: readonly string[]): string {
  const nodes = children.map((name) => ` <node name="${name}"/>\n`).join('');
  return `${HEAD}<node>\n${STANDARD}${interfaces.map(describe).join('')}${nodes}</node>\n`;
}

function describe({ name, methods, signals, properties }: Described): string {
  return [
    ` <interface name="${name}">\n`,
    ...properties.map(
      (property) =>
        `  <property name="${property.name}" type="${property.signature}" access="${property.set === undefined ? 'read' : 'readwrite'}">\n   <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="${property.live}"/>\n  </property>\n`,
    ),
    ...methods.map(({ name: own, in: takes, out }) => `  <method name="${own}">\n${args(takes, ' direction="in"')}${args(out, ' direction="out"')}  </method>\n`),
    ...signals.map(({ name: own, args: carries }) => `  <signal name="${own}">\n${args(carries, '')}  </signal>\n`),
    ' </interface>\n',
  ].join('');
}

function args(text: string, direction: string): string {
  return argumentsOf(text)
    .map(({ name, signature }) => `   <arg type="${signature}" name="${name}"${direction}/>\n`)
    .join('');
}

# 收件人页面。简短、易懂、用“您”。

skip = 跳到正文
back = 返回
language-name = 中文
error-prefix = 错误：{ $title }
there-is-a-problem = 有一处需要更正
call-the-shop = 致电商店
phone-optional = （可不填）

ask-title = 您在家吗？
ask-window = { "" }
ask-window-end = 您在家吗？
ask-open = 您什么时候在家？
ask-open-sub = 出发之前我们会告诉您准确时间。
ask-sub = { $day }，{ $address }
ask-late = 我们要晚到了。新时间：
ask-late-end = { "" }
ask-late-sub = { $day }，{ $address }。这样可以吗？
ask-missed = { $at } 我们没有见到您
ask-missed-sub = 门口没有留下任何东西，也没有扣款。
ask-yes = 是的，我在家
ask-yes-small = 请为我们留一盏灯
ask-yes-late = 可以，我在家
ask-later = 今天晚些时候
ask-not-today = 改天
ask-other = 由别人代收
ask-cancel = 取消订单
ask-answers = 您的回答
change-until = { $at } 前可以更改回答。
refused-too-late = 这里已经不能更改了。请致电商店。
refused-moved-on = 这期间情况有变。现在是这样的。
refused-stale = 页面太旧了。请重新选择。
refused-set-off = 配送员已经出发。您的回答仍会送达。
refused-at-door = 配送员已经在您门口。您的回答仍会送达。

later-title = 您今天什么时候在家？
later-hint = 只列出配送员能做到的时间。免费。
later-slots = 可选时间
later-none = 今天没有剩余时间了。请选择其他日子。
later-to = 到 { $at }
later-time = 其他时间，不早于
later-time-none = 无
later-cold = 有冷藏物品，在那之前放在商店的冰箱里。
later-submit = 那时来
later-submit-small = 之后仍可更改
no-time = 请选择时间
time-taken = 这个时间刚被占用。请选择其他时间
after-hours = { $at } 之后没有配送员。请选择更早的时间或其他日子

not-today-title = 哪一天合适？
not-today-days = 可选日子
not-today-none = 暂时没有可选的日子。请致电商店。
not-today-hint = 出发之前我们会再问您。
not-today-cold = 冷藏物品不能等，商店会重新打包。
not-today-submit = 那天来
not-today-submit-small = 款项继续冻结
no-day = 请选择日子
day-taken = 这一天刚被占用。请选择其他日子

other-title = 由谁代收？
other-name = 姓名
other-phone = 电话
other-phone-hint = 方便配送员联系。
other-submit = 由此人代收
other-submit-small = 需要本页的代码
no-name = 请写上在家的人的姓名
bad-name = 姓名不超过 120 个字
bad-phone = 请写上带国家代码的电话，例如 +1 555 0110

address-title = 在哪里？
address-sub = 我们没有找到您的地址。地址明确之前无法出发。
address-told = 谢谢。我们正在查找。
address-told-sub = 您仍可修改所写的内容。
address-shop-has = 商店记录的地址
address-label = 您的地址
address-hint = 街道、门牌、单元、楼层，以及附近有什么。
address-submit = 发送地址
address-submit-small = 会有人在地图上找到它
no-address = 请写上地址
bad-address = 地址不超过 300 个字

cancel-title = 取消这个订单吗？
cancel-back = 退还给您 { $amount }。
cancel-carried = 配送员已取走货物，会送回商店。送到后退款。
cancel-kept = 行程已经开始，{ $amount } 不退。
cancel-later = 还是今天晚些时候
cancel-not-today = 还是改天
cancel-yes = 是，取消
cancel-no = 不，保留

answered-home = 好的。
answered-home-end = 见
answered-home-open = 好的。您在家
answered-from = 好的。{ $at } 之后来
answered-day = 好的。{ $day }来
answered-day-open = 好的。今天不来
answered-until = 好的。您在家到 { $at }
answered-place = 好的。我们问一下调度员
answered-receiver = 好的。由 { $name } 代收
answered-sub = 时间不变就不再询问。
answered-sub-later = 出发之前我们会再问您。
answered-sub-place = 您说的地点：{ $place }。出发之前会有人查看。
answered-sub-receiver = { $name } 在门口需要本页的代码。
courier-comes = { $courier } 为您配送
courier-none = 我们会告诉您谁来
stops-before = { $count ->
    [0] 下一站就是您
   *[other] 您前面还有 { $count } 站
  }
note-label = 有什么要告诉配送员的吗？
note-hint = 最多 140 个字：入口、门禁密码、狗。
note-submit = 保存备注
note-kept = 备注已保存。
note-too-long = 最多 140 个字
kept-set-off = 回答已收到。{ $courier } 已经出发，会看到。
kept-at-door = 回答已收到，但 { $courier } 已经在您门口。
code-label = 您的门口代码
code-later = 在门口请说出代码。配送员靠近时它会显示在这里。
code-never = 我们绝不会在电话里询问代码。
change-answer = 更改回答

way-title = 您的订单正在路上
way-minutes = 分钟
way-soon = 很快
way-about = 大约
way-promised = 承诺 { $at } 前
step-packed = 已打包
step-on-the-way = 在路上
step-next = 下一站是您
step-at-door = 在您门口
way-next = 下一站就是您
way-brings = 正带着您的订单
way-seen = { $minutes ->
    [0] 刚刚在线。
   *[other] { $minutes } 分钟前在线。
  }
way-last-seen = 最后在线 { $at }。
way-not-home = 还是不在家吗？
way-show-code = 显示代码
way-still = 停止自动刷新
way-refresh = 自动刷新

near-title = { $courier } 在您门口
near-title-early = 给 { $courier } 的代码
near-sub = 请说出或出示。{ $count } 件，{ $total }。
near-sub-open = 请说出或出示。{ $count } 件。
near-early = 配送员在您面前吗？只有那时才出示代码。
near-warn-head = 只在门口。
near-warn = 给出代码表示您已收到订单。我们不会通过电话或短信询问代码。
near-locked = 错误代码输入太多次，此代码已失效。请生成新代码并在门口说出。
near-new-code = 生成新代码

receipt-title = { $at } 已收到
receipt-title-other = { $at } 已交付
receipt-sub = 由 { $courier } 交给您，{ $day }。
receipt-sub-other = 由 { $courier } 交给 { $name }，{ $day }。
receipt-sub-open = 已交给您，{ $day }。
receipt-sub-other-open = 已交给 { $name }，{ $day }。
receipt-proof = 确认方式
proof-code = 您的代码
proof-scan = 扫码
proof-photo = 照片
proof-signature = 签名
proof-witness = 工作人员
receipt-total = 合计
money-held = 已冻结
money-taken = 已扣款
money-given-back = 已退还
money-owed = 暂时无法扣款；商店会告诉您
money-wanted = 尚未冻结；在那之前不会有人来
money-waiting = 冻结中，等商店同意
receipt-problem = 有缺少、损坏，或不是您收的？
receipt-problem-call = 致电商店
receipt-object = 我没有收到
receipt-object-reason = 哪里不对？
receipt-object-hint = 在工作人员查看之前不会扣款。
receipt-objected = 您说有问题。工作人员正在查看，在那之前不会扣款。
receipt-closes = 此页面将于{ $day }关闭。

gone-unknown = 这个链接无效
gone-unknown-sub = 可能输错了，或配送已结束。请询问商店。
gone-finished = 这次配送已结束
gone-finished-sub = 有问题请询问商店。
gone-cancelled = 这个订单已取消
gone-cancelled-sub = 不会再送来。
gone-returned = 您的订单已退回商店
gone-returned-sub = 接下来怎么办，商店会告诉您。
gone-lost = 您的订单丢失了
gone-lost-sub = 商店已知道，会告诉您接下来怎么办。

error-bad-request = 没有成功
error-bad-request-sub = 页面太旧或缺少内容。没有任何改变。请返回再试。
error-too-many = 尝试次数太多
error-too-many-sub = 请等一分钟再试。没有任何改变。
error-internal = 我们这边出了故障
error-internal-sub = 您之前的回答都在。请一分钟后再试，或致电商店。
error-number = 给商店的编号：{ $id }
error-go-on = 查看我的配送
